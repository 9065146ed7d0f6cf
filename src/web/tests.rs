//! Pages from view structs: their texts, their escapes, and the values that they never show.

mod pages;
mod samples;
mod walk;
