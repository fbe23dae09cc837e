//! The pages of a night, and which of them a section stands on.

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sheet {
    /// The answers, for a reader with thirty seconds.
    Overview,
    /// What stands in the way of checkout, and for whom.
    Barriers,
    /// What is expected, and how well past expectations held.
    Forecast,
    /// What was lost, by whom.
    Revenue,
    /// When carts are bought, and which come back late.
    Later,
    /// Customers as people.
    Customers,
    /// What the numbers stand on: rows, gaps, programs, definitions, SQL.
    Data,
}

impl Sheet {
    /// All pages, in the order of the menu.
    pub(crate) const ALL: [Self; 7] =
        [Self::Overview, Self::Barriers, Self::Forecast, Self::Revenue, Self::Later, Self::Customers, Self::Data];

    /// Its file in the night's folder.
    pub(crate) const fn file(self) -> &'static str {
        match self {
            Self::Overview => crate::folder::INDEX,
            Self::Barriers => "barriers.html",
            Self::Forecast => "forecast.html",
            Self::Revenue => "revenue.html",
            Self::Later => "later.html",
            Self::Customers => "customers.html",
            Self::Data => "data.html",
        }
    }

    /// Its name in the menu.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Barriers => "Barriers",
            Self::Forecast => "Forecast",
            Self::Revenue => "Revenue",
            Self::Later => "Late checkouts",
            Self::Customers => "Customers",
            Self::Data => "Data",
        }
    }

    /// Its heading.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Abandoned carts",
            Self::Barriers => "What stands in the way of checkout",
            Self::Forecast => "What will happen to the carts that are open",
            Self::Revenue => "Lost revenue and top customers",
            Self::Later => "Wish lists and late checkouts",
            Self::Customers => "Customers to hear from us",
            Self::Data => "What the numbers stand on",
        }
    }

    /// The page of a section.
    ///
    /// # Panics
    /// When the section has no place yet: a new one needs its line here.
    pub(crate) fn of(section: &str) -> Self {
        match section {
            "abandonment" => Self::Overview,
            "barriers" | "funnel" | "why" | "breakdowns" => Self::Barriers,
            "forecast" | "trust" => Self::Forecast,
            "revenue" | "top-customers" => Self::Revenue,
            "checkout" => Self::Later,
            "follow-up" | "customers" | "voice" => Self::Customers,
            "orders" | "quality" => Self::Data,
            other => panic!("section `{other}` has no page"),
        }
    }

    /// A place on it, relative to the night's folder.
    pub(crate) fn place(self, anchor: &str) -> String {
        format!("{}#{anchor}", self.file())
    }
}

/// Where a section is, relative to the night's folder.
pub(crate) fn section(id: &str) -> String {
    Sheet::of(id).place(id)
}
