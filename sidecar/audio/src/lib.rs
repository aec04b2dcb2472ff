//! Samples of sound to features as librosa's, and to 128 numbers: pure numbers.
