"""What a handler says of its parameters: checked at the submission, and given to the handler as an object.

Here belongs what a schema is made of and how parameters are read by it. When that is done does not.

May use: tenancy.
"""
