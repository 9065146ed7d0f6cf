//! Pages from view structs: what they say, what they escape, and what they never show.

mod pages;
mod samples;
mod walk;
