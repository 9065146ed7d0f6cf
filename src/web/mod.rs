//! Pages: for staff at the window, and the reader of the API's description. Server-rendered, no script needed,
//! nothing loaded from elsewhere, Chinese first.
//!
//! | to | use |
//! |---|---|
//! | fill a page | a plain struct of [`views`] |
//! | answer with one | [`page::page`]; errors become pages through [`page::PageError`] |
//! | ask who is signed in | [`staff::Staff`] |
//! | wire the use cases in | [`staff::Window`] as `web::Data` |

pub mod assets;
pub mod desk;
pub mod docs;
pub mod page;
pub mod sessions;
pub mod sign_in;
pub mod staff;
pub mod views;
pub mod window;

#[cfg(test)]
mod tests;
