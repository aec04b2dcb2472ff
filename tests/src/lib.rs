//! What the black-box tests share: where the program is, where the inputs are.
