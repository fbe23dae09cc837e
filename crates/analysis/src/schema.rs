//! The tables that the analysis adds.

use events::schema::{Table, Type, optional, required};

/// Lost revenue: the table behind [`Revenue::segments`](crate::Revenue::segments).
pub const REVENUE: Table = Table {
    name: "revenue",
    row: "segment and currency",
    columns: &[
        required("segment", Type::Word, "d1 (top tenth of spend) to d10, lapsed or new, at 00:00 of the opening day"),
        optional("currency", Type::Word, "ISO 4217 code; null for carts in which nothing had a price"),
        required("carts", Type::I64, "carts opened, whatever became of them"),
        required("abandoned", Type::I64, "carts not bought within cart.window"),
        required("recovered_carts", Type::I64, "abandoned carts that were bought later"),
        required("pending", Type::I64, "carts whose window is still open"),
        required("gross", Type::Money, "value at the window of the abandoned carts, in currency"),
        required("recovered", Type::Money, "the part of gross that was bought later, in currency"),
        required("net", Type::Money, "gross - recovered, in currency"),
        required("pending_value", Type::Money, "what is in the pending carts, in currency; in none of the above"),
    ],
};

/// Every table of this crate.
pub const TABLES: [Table; 1] = [REVENUE];
