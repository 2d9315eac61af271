"""Who runs a function when it is invoked: one file each, with a class that is an ``Invoker``."""
