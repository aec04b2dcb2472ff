//! What passes between the program that decodes videos and a run.
