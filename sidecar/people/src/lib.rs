//! Finds people in pictures, by networks that it is given.
