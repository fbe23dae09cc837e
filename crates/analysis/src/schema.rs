//! The tables that the analysis adds.

use events::schema::{Table, Type, optional, required};

/// Lost revenue: the table behind [`Revenue::segments`](crate::Revenue::segments), with what
/// [`Detail::segments`](crate::revenue::Detail::segments) adds.
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
        optional(
            "low",
            Type::Money,
            "lower end of the 90 % interval of net over customers; null for fewer than two customers, or where few carts \
             dominate",
        ),
        optional("high", Type::Money, "upper end of it"),
        required(
            "expected_loss",
            Type::Money,
            "of the pending carts: value x probability not to be bought within cart.window, in currency",
        ),
        required("elsewhere", Type::Money, "the part of net whose products the same person bought in another cart"),
        required("repeated", Type::Money, "the part of net that was left in a later cart again, and counts there"),
        required("refunded", Type::Money, "the part of recovered and elsewhere that refunds took back"),
        required("lost", Type::Money, "net - elsewhere - repeated + refunded"),
        optional("lost_low", Type::Money, "lower end of the 90 % interval of lost; null as low is"),
        optional("lost_high", Type::Money, "upper end of it"),
        required(
            "expected_recovery",
            Type::Money,
            "of lost, what is expected to be bought all the same: what is lost on each cart x reasons.p_later",
        ),
    ],
};

/// Why parts of the gross loss are not lost, piece by piece.
pub const RECOVERIES: Table = Table {
    name: "recoveries",
    row: "part of an abandoned cart's value that is not lost",
    columns: &[
        required("cart_id", Type::Text, "the abandoned cart"),
        required(
            "way",
            Type::Word,
            "same_cart (bought later), other_cart (bought there within 30 days), same_wish (left there again)",
        ),
        required("by_cart_id", Type::Text, "the cart that was bought, or that holds the same wish"),
        optional("product", Type::Text, "its id, or its name where it has none; null for a whole cart"),
        required("quantity", Type::I64, "pieces; 0 for a whole cart"),
        required("amount", Type::Money, "at the abandoned cart's prices and in its currency"),
        required("refunded", Type::Money, "of amount, what a refund took back"),
        optional("currency", Type::Word, "ISO 4217 code of the abandoned cart; null where nothing has a price"),
        required("at", Type::Moment, "when it was bought, or put into the later cart"),
    ],
};

/// What is expected of every cart that is still pending.
pub const PREDICTIONS: Table = Table {
    name: "predictions",
    row: "pending cart",
    columns: &[
        required("cart_id", Type::Text, "the cart"),
        required("opened_at", Type::Moment, "when it was opened"),
        required("age_hours", Type::F64, "its age at as_of, in hours"),
        required("p_abandon", Type::F64, "probability, 0 to 1, that it is not bought within cart.window"),
        required("p_nowcast", Type::F64, "the same, scaled by the last day's checkouts where these were unusual"),
        required(
            "method",
            Type::Word,
            "what p_abandon comes from: spline_logit, boosting, or one of the simple methods",
        ),
        required("value", Type::Money, "what is in it, in currency"),
        optional("currency", Type::Word, "ISO 4217 code; null where nothing has a price"),
        required("expected_loss", Type::Money, "value x p_abandon, in currency"),
        optional("segment", Type::Word, "of its person, as known at as_of, at 00:00 of the opening day"),
        required("reasons", Type::Text, "what moves its odds most: + likelier to be left, - likelier to be bought"),
    ],
};

/// What past carts were given by models that knew nothing of what came after.
pub const BACKTEST: Table = Table {
    name: "backtest",
    row: "past cart and age",
    columns: &[
        required("cart_id", Type::Text, "the cart"),
        required("age_hours", Type::F64, "the age at which it was scored, as a landmark: 0, 1, 6, 24 or 48 hours"),
        required("fold", Type::Date, "Monday on which the model's week began: it was trained on what was known then"),
        required("scored_at", Type::Moment, "the moment of the score: nothing later is in the features"),
        required("method", Type::Word, "the method that the week had chosen"),
        required("p_abandon", Type::F64, "probability, 0 to 1, that it is not bought within cart.window"),
        required("baseline", Type::F64, "the same by the rate of the last seven matured days, of carts as old"),
        required("baseline_group", Type::F64, "the same by the curve, adjusted for segment, device and step"),
        required("baseline_age", Type::F64, "the same by the Kaplan-Meier curve given the age"),
        optional("segment", Type::Word, "of its person, as known at scored_at"),
        required("outcome", Type::Word, "what became of it: purchased or abandoned"),
    ],
};

/// What was said of each day's new carts on the nights after it; rows of earlier nights are never rewritten.
pub const FORECASTS: Table = Table {
    name: "forecasts",
    row: "day of new carts and night",
    columns: &[
        required("cohort_day", Type::Date, "day, on the shop's clock, on which the carts were opened"),
        required(
            "made_at",
            Type::Moment,
            "as_of of the night that made the forecast; carts opened later are not in it",
        ),
        required("replayed", Type::Flag, "whether it was worked out afterwards, from what was known then"),
        required("age_days", Type::I32, "days since the cohort was the newest one: 0 for a night's own forecast"),
        required("carts", Type::I64, "carts opened"),
        required("open_carts", Type::I64, "those of them not bought by then"),
        required("expected_rate", Type::F64, "expected share, 0 to 1, of carts not bought within cart.window"),
        required("low", Type::F64, "lower end of its range"),
        required("high", Type::F64, "upper end of its range"),
        required("level", Type::F64, "share of nights on which the range should hold"),
        optional("nowcast_rate", Type::F64, "expected share with the last day's checkouts taken into account"),
        optional("actual_rate", Type::F64, "the share itself, once every cart of the day has matured"),
        optional("low_80", Type::F64, "lower end of the range that should hold on 80 % of nights"),
        optional("high_80", Type::F64, "upper end of it"),
        optional("low_95", Type::F64, "lower end of the range that should hold on 95 % of nights"),
        optional("high_95", Type::F64, "upper end of it"),
    ],
};

/// Carts that were not bought within the window: what was seen of them by then, and whether they are bought later.
pub const LATER: Table = Table {
    name: "later",
    row: "cart of the last 90 days not bought within its window",
    columns: &[
        required("cart_id", Type::Text, "the cart"),
        required("window_end", Type::Moment, "opened_at + cart.window: nothing later is in the columns up to p_30"),
        required("returned", Type::Flag, "a visit of its person other than the opening one"),
        required("last_day", Type::Flag, "a cart event in the last 24 hours of the window"),
        required("saved", Type::Flag, "something was put on a wish list"),
        required("several_items", Type::Flag, "two pieces or more in it"),
        required("checkout_started", Type::Flag, "the checkout was started"),
        required("error_met", Type::Flag, "a checkout error was met"),
        optional("segment", Type::Word, "of its person as known at window_end, at 00:00 of the opening day"),
        optional("device", Type::Word, "of the opening event"),
        required("value_third", Type::I32, "third of these carts by value, from 1; 0 where nothing had a price"),
        optional("p_7", Type::F64, "probability, 0 to 1, at window_end to be bought by an age of 7 days"),
        optional("p_14", Type::F64, "the same by an age of 14 days"),
        optional("p_30", Type::F64, "the same by an age of 30 days"),
        required("p_now", Type::F64, "the same as known at as_of: 1 if it was bought, 0 once it cannot be by then"),
        required("method", Type::Word, "what these come from: spline_logit, or group_rate of similar carts"),
    ],
};

/// What somebody was told of the night.
pub const ALERTS: Table = Table {
    name: "alerts",
    row: "alert that is raised, or that the night resolved",
    columns: &[
        required("id", Type::Text, "the same on every night as long as the cause lasts"),
        required(
            "rule",
            Type::Word,
            "why: barrier, quiet_source, rejected, tracking_gap, forecast, drift or calibration",
        ),
        required("severity", Type::Word, "high or medium"),
        required("status", Type::Word, "new, open, or resolved by this night"),
        required("what", Type::Text, "what happened, in a sentence"),
        required("since", Type::Moment, "as_of of the night that raised it"),
        required("evidence", Type::Text, "the figures behind it, as JSON"),
        required("top_customers", Type::I64, "top customers whose carts it concerns"),
    ],
};

/// Why each abandoned cart of the last 90 days was left.
pub const REASONS: Table = Table {
    name: "reasons",
    row: "abandoned cart",
    columns: &[
        required("cart_id", Type::Text, "the cart"),
        required(
            "reason",
            Type::Word,
            "barrier, emptied, wish_list, costs, comparison, left_before_checkout or unknown",
        ),
        required("confidence", Type::F64, "how sure that is, 0 to 1"),
        required("evidence", Type::Text, "what shows it"),
        optional("barrier", Type::Text, "the barrier that was found and met, where one was"),
        required(
            "p_later",
            Type::F64,
            "p_now of the table later: probability, 0 to 1, to be bought later; 1 if it was",
        ),
    ],
};

/// One row per person with a cart, an order, or something said.
pub const CUSTOMERS: Table = Table {
    name: "customers",
    row: "person",
    columns: &[
        required("person_id", Type::Text, "c:<customer_id> or v:<visitor_id>, as known at as_of"),
        required("orders", Type::I64, "orders, over all time"),
        required("spend", Type::Money, "their amounts less refunds that name them, in the base currency"),
        optional("recency", Type::I64, "days from the last order's day to that of as_of, on the shop's clock"),
        required("frequency", Type::I64, "orders in the 365 days before the day of as_of"),
        required("segment", Type::Word, "d1 (top tenth of spend) to d10, lapsed or new, at 00:00 of the day of as_of"),
        required("top1", Type::Flag, "top 1 % of spend, likewise"),
        optional("last_order_at", Type::Moment, "when the last order was placed"),
        required("carts", Type::I64, "carts opened"),
        required("purchased", Type::I64, "carts bought within cart.window"),
        required("abandoned", Type::I64, "carts not bought within cart.window"),
        required("recovered", Type::I64, "abandoned carts that were bought later"),
        required("pending", Type::I64, "carts whose window is still open"),
        required(
            "lost_value",
            Type::Money,
            "value at the window of abandoned carts not bought later, in the base currency",
        ),
        required("errors", Type::I64, "checkout errors met in carts"),
        optional("favourite_category", Type::Text, "most often viewed, put into carts or bought in the last 90 days"),
        optional("channel_of_choice", Type::Word, "most often bought through, answered on, or chosen to ask for help"),
        required("contacts", Type::I64, "contacts by the shop in the last 90 days"),
        required("support_contacts", Type::I64, "requests for help in the last 90 days"),
        optional("last_contact_at", Type::Moment, "the last of both"),
        optional("last_contact_channel", Type::Word, "its channel"),
        required("ratings", Type::I64, "ratings given in the last 90 days"),
        optional("satisfaction", Type::F64, "their mean"),
        required("visits", Type::I64, "visits in the last 30 days"),
        required("visits_before", Type::I64, "visits in the 30 days before these"),
        optional("trend", Type::Word, "rising, steady or falling; null where there are too few visits"),
        optional("last_seen_at", Type::Moment, "last event of the last 90 days, or last cart event or order"),
        required("opted_out", Type::Flag, "asked not to be contacted"),
    ],
};

/// Who was put on the follow-up list, or held out of it, and when first; rows of earlier nights are never rewritten.
pub const FOLLOW_UPS: Table = Table {
    name: "follow_ups",
    row: "abandoned cart whose person was to be contacted, or held out",
    columns: &[
        required("cart_id", Type::Text, "the cart"),
        required("person_id", Type::Text, "whose it was, as known at listed_at"),
        required("listed_at", Type::Moment, "as_of of the first night on which it was listed"),
        required("held_out", Type::Flag, "whether the person is in the hold-out, and was not listed"),
        required("owed", Type::Flag, "whether an error on the shop's side was met in the cart"),
        required("step", Type::Word, "what was suggested: tell_fix, answer, offer_help or ask"),
        optional("channel", Type::Word, "the channel suggested"),
        required("value", Type::Money, "what the cart held, in the base currency"),
        optional("recoverable", Type::Money, "value x share of carts as old that are still bought"),
    ],
};

/// What breaks the checkout: findings of this night, and of earlier ones that are not over.
pub const BARRIERS: Table = Table {
    name: "barriers",
    row: "finding",
    columns: &[
        required("barrier_id", Type::Text, "the same from night to night"),
        required("rank", Type::I32, "place in the list, from 1: the costliest for top customers first"),
        required("found_at", Type::Moment, "as_of of the night of this row"),
        required("first_seen", Type::Moment, "as_of of the night that found it first"),
        required("level", Type::Word, "alert, or watch: unusual on this night only"),
        required("status", Type::Word, "new, open, worse or resolved"),
        required("nature", Type::Word, "onset: it began at some moment; standing: it was always there"),
        required("rung", Type::I32, "evidence: 1 unusual, 2 localised, 3 together with errors, 4 with a release"),
        required("where", Type::Text, "JSON object: column to value; all of them hold; {} for the whole step"),
        optional("error_code", Type::Text, "the error that stands out among these attempts"),
        required("step", Type::Word, "the step that was reached"),
        required("next_step", Type::Word, "the step that did not follow in time"),
        optional("onset", Type::Moment, "when it began; null for standing ones"),
        optional("onset_earliest", Type::Moment, "lower end of the 95 % interval of onset"),
        optional("onset_latest", Type::Moment, "upper end of the 95 % interval of onset"),
        optional("end", Type::Moment, "when it was over; null while it stands"),
        required("attempts", Type::I64, "first attempts of a person at the step within an hour, since the onset"),
        required("failed", Type::I64, "those that did not get on in time"),
        required("rate", Type::F64, "failed / attempts"),
        required("expected_rate", Type::F64, "the share expected from its own history and everybody else's day"),
        required("excess", Type::F64, "failed attempts beyond those expected"),
        required("excess_low", Type::F64, "at least so many: one time in ten there are fewer"),
        required("excess_high", Type::F64, "at most so many: one time in ten there are more"),
        required("carts", Type::I64, "carts with a failed attempt; they are in barrier_carts"),
        required("lost_carts", Type::F64, "carts not bought because of it, late purchases taken out"),
        optional("lost", Type::Money, "what these would have been worth, in the base currency"),
        optional("lost_low", Type::Money, "at least so much"),
        optional("lost_high", Type::Money, "at most so much"),
        required("q_value", Type::F64, "false discovery rate at which it would just be found"),
        required("z", Type::F64, "standard deviations between observed and expected failures"),
        required("odds_ratio", Type::F64, "odds of failing since the onset against before, within strata"),
        required("odds_ratio_low", Type::F64, "lower end of its 95 % interval"),
        required("odds_ratio_high", Type::F64, "upper end of its 95 % interval"),
        required("top_customer_carts", Type::I64, "carts of the top tenth of spenders among carts"),
    ],
};

/// The carts behind each finding.
pub const BARRIER_CARTS: Table = Table {
    name: "barrier_carts",
    row: "finding and cart with a failed attempt",
    columns: &[
        required("barrier_id", Type::Text, "the finding"),
        required("cart_id", Type::Text, "the cart"),
        required("top_customer", Type::Flag, "whether it is of the top tenth of spenders"),
        required("shown", Type::Flag, "whether the report shows its journey"),
    ],
};

/// Every table of this crate.
pub const TABLES: [Table; 12] = [
    REVENUE,
    RECOVERIES,
    PREDICTIONS,
    BACKTEST,
    FORECASTS,
    LATER,
    BARRIERS,
    BARRIER_CARTS,
    REASONS,
    CUSTOMERS,
    FOLLOW_UPS,
    ALERTS,
];
