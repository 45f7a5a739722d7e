"""A workspace as a whole: what sign-up, the command line and the demo share when they open one."""
