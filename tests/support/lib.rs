//! What the tests share.
//!
//! ```text
//! world ──> lines of a small, nasty shop ──> oracle ──> what the contract makes of them
//!                                       └──> lake ───> what the program makes of them
//! ```
//!
//! - `lake`: runs leftcart in a folder of its own and reads the tables that it publishes.
//! - `oracle`: the contract once more, slow and plain.
//! - `table`: rows of tables as text, and their comparison.
//! - `world`: small shops dense in what is easy to get wrong.
//! - `tools`: other programs, which a test may find or not.

pub mod lake;
pub mod table;
pub mod tools;
pub mod world;

pub use oracle;
