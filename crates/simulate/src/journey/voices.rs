//! What people write, by what happened to them: stars and words.

use crate::journey::Motive;

/// Stars, one to five, and words.
pub(crate) type Words = (f32, &'static str);

/// Of those who bought.
pub(crate) const PRAISE: [Words; 6] = [
    (5.0, "Everything fine, thank you!"),
    (5.0, "Schnell geliefert, gerne wieder"),
    (4.0, "Good quality, box was dented"),
    (4.5, "Nice shop"),
    (3.0, "Okay, but delivery took a week"),
    (2.0, "Größe passt nicht, \"M\" fällt sehr klein aus"),
];

const PAYMENT: [Words; 4] = [
    (1.0, "I could not pay. Gave up after several tries."),
    (1.0, "Bezahlung bricht immer wieder ab"),
    (2.0, "Payment failed, no explanation"),
    (1.5, "Tried to pay twice, then bought elsewhere"),
];

const STORED_CARD: [Words; 4] = [
    (1.0, "My saved card does not work any more"),
    (1.5, "Ordered here for years, now my stored card is refused"),
    (1.0, "Hinterlegte Karte wird abgelehnt"),
    (2.0, "Had to type in my card again, no thanks"),
];

const DELIVERY: [Words; 4] = [
    (1.0, "My address is not accepted"),
    (1.5, "Lieferung an meine Adresse angeblich nicht möglich"),
    (2.0, "Express was offered and then refused"),
    (1.5, "It says there is no carrier for my address"),
];

const STOCK: [Words; 4] = [
    (2.0, "Sold out at the till, after I had filled the cart"),
    (1.5, "Im Warenkorb und dann nicht mehr lieferbar"),
    (2.5, "Please say earlier that it is gone"),
    (2.0, "Item was available, and then it was not"),
];

const SERVICE: [Words; 4] = [
    (1.0, "Error at checkout, the site does not load"),
    (1.5, "Since this week the shop is terribly slow"),
    (1.0, "Seite lädt ewig und dann kommt ein Fehler"),
    (2.0, "Service not available, try later? I tried."),
];

const SILENCE: [Words; 4] = [
    (1.0, "Nothing happens when I press continue"),
    (1.0, "De knop doet niets"),
    (1.5, "I cannot get to the payment page, no error, nothing"),
    (1.0, "Le bouton ne fonctionne pas"),
];

/// Of those who gave up at the till, by the planted barrier or the code of the error.
pub(crate) fn blame(obstacle: &str) -> &'static [Words] {
    match obstacle {
        "silent-belgium" => &SILENCE,
        "stored-cards" => &STORED_CARD,
        "card-service" | "slow-release" => &SERVICE,
        "express-austria" | "ADDR-07" => &DELIVERY,
        "STOCK-409" => &STOCK,
        _ => &PAYMENT,
    }
}

const COSTS: [Words; 4] = [
    (3.0, "Shipping is too expensive"),
    (2.0, "More expensive than it looked"),
    (3.0, "Versandkosten erst ganz am Ende sichtbar"),
    (2.5, "Fees came on top at the end"),
];

const LATER: [Words; 4] = [
    (4.0, "Will decide later"),
    (3.5, "Waiting for payday"),
    (4.0, "Merke ich mir für später"),
    (3.0, "Keeping it in the cart for now"),
];

const ELSEWHERE: [Words; 4] = [
    (3.0, "Still comparing"),
    (2.5, "Found it cheaper elsewhere"),
    (3.0, "Hard to see how these differ"),
    (3.0, "Vergleiche noch mit anderen"),
];

const LOOKING: [Words; 4] = [
    (3.0, "Just looking"),
    (2.0, "Had to create an account; no, thanks"),
    (3.0, "Nur geschaut"),
    (2.5, "Too many pop-ups"),
];

/// Of those who left their cart behind without being stopped.
pub(crate) fn doubt(motive: Motive) -> &'static [Words] {
    match motive {
        Motive::Costs => &COSTS,
        Motive::WishList => &LATER,
        Motive::Compare => &ELSEWHERE,
        Motive::Buy | Motive::Browse | Motive::Other => &LOOKING,
    }
}
