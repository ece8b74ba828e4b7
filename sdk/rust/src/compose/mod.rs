//! Constructors that let a strategy read as an algorithm: every type of the contract that an author writes
//! out by hand can be made in one expression.

mod answers;
mod reads;
mod requests;
mod work;
mod writes;
