"""Pages below the apps' www folders."""
