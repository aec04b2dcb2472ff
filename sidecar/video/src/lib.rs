//! Decodes videos and sound, in a program of its own.
