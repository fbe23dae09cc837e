//! What can happen at a shop. Names are GA4's where GA4 has one.

use std::fmt;

/// The kind of an event.
///
/// The cart events stand first, in the order of the funnel: [`Kind::rank`] is that order, and two
/// events of the same moment are taken in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// A product was put into the cart.
    AddToCart,
    /// A product was taken out of the cart.
    RemoveFromCart,
    /// The cart was looked at.
    ViewCart,
    /// Checkout was entered.
    BeginCheckout,
    /// Shipping address or method was given.
    AddShippingInfo,
    /// A means of payment was given.
    AddPaymentInfo,
    /// Something failed on a checkout route.
    CheckoutError,
    /// An order was placed.
    Purchase,
    /// A page was seen.
    PageView,
    /// The shop was searched.
    Search,
    /// A product page was seen.
    ViewItem,
    /// A product was put on a wish list.
    AddToWishlist,
    /// Money was given back.
    Refund,
    /// A customer rated or commented.
    Feedback,
    /// A customer asked for help.
    SupportContact,
    /// The shop wrote to, or called, a customer.
    Contact,
    /// Anything the contract has no word for.
    Other,
}

impl Kind {
    /// Every kind, in the order of [`Kind::rank`].
    pub const ALL: [Self; 17] = [
        Self::AddToCart,
        Self::RemoveFromCart,
        Self::ViewCart,
        Self::BeginCheckout,
        Self::AddShippingInfo,
        Self::AddPaymentInfo,
        Self::CheckoutError,
        Self::Purchase,
        Self::PageView,
        Self::Search,
        Self::ViewItem,
        Self::AddToWishlist,
        Self::Refund,
        Self::Feedback,
        Self::SupportContact,
        Self::Contact,
        Self::Other,
    ];

    /// The name used in every table and in the native format.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AddToCart => "add_to_cart",
            Self::RemoveFromCart => "remove_from_cart",
            Self::ViewCart => "view_cart",
            Self::BeginCheckout => "begin_checkout",
            Self::AddShippingInfo => "add_shipping_info",
            Self::AddPaymentInfo => "add_payment_info",
            Self::CheckoutError => "checkout_error",
            Self::Purchase => "purchase",
            Self::PageView => "page_view",
            Self::Search => "search",
            Self::ViewItem => "view_item",
            Self::AddToWishlist => "add_to_wishlist",
            Self::Refund => "refund",
            Self::Feedback => "feedback",
            Self::SupportContact => "support_contact",
            Self::Contact => "contact",
            Self::Other => "other",
        }
    }

    /// The kind of this name, without regard to case; `None` where the contract has no such kind.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        // Kinds repeat row after row, so exact spelling is tried before folding case.
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .or_else(|| Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name)))
    }

    /// Position among events of the same moment: the funnel's order, 0 to 16.
    #[must_use]
    pub const fn rank(self) -> u8 {
        self as u8
    }

    /// Whether events of this kind can open, alter, extend or close a cart.
    #[must_use]
    pub const fn is_cart_event(self) -> bool {
        self.rank() <= Self::Purchase.rank()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name_in_any_case() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.name()), Some(kind));
            assert_eq!(Kind::parse(&kind.name().to_uppercase()), Some(kind));
        }
        assert_eq!(Kind::parse("zap"), None);
        assert_eq!(Kind::parse(""), None);
    }

    #[test]
    fn ranks_follow_the_funnel_and_only_the_first_eight_touch_carts() {
        for (position, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(kind.rank()), position);
            assert_eq!(kind.is_cart_event(), position < 8);
        }
    }
}
