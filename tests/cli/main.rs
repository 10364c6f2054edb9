//! Drives the program as a process. Never names the library.
