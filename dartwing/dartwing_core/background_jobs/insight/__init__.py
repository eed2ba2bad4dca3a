"""Looking at jobs: lists, one job with all that is known of it, figures, charts, and the doctor's diagnosis.

Here belongs what only reads, for people and for monitoring. What changes a job does not, nor who may
see it: that is asked of `tenancy`. Of `upkeep` and `clock` only questions are asked, as which jobs are lost.

May use: clock, upkeep, schedules, steps, submission, dispatch, groups, tenancy, database.
"""
