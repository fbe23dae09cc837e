use super::*;
use crate::testing::{analysis_of, cart};
use events::time::{DAY, HOUR};

fn carts(steps: &[StepCount]) -> Vec<u64> {
    steps.iter().map(|step| step.carts).collect()
}

fn stopped(steps: &[StepCount]) -> Vec<u64> {
    steps.iter().map(|step| step.stopped_before).collect()
}

#[test]
fn a_cart_that_reached_a_step_has_passed_all_before_it() {
    let analysis = analysis_of(&[
        cart(0).abandoned(),
        cart(0).abandoned().came_to("view_cart", [None; 3]),
        cart(0).abandoned().came_to("add_payment_info", [Some(5), Some(6), Some(7)]),
        cart(0).bought(HOUR),
    ]);
    assert_eq!(carts(&analysis.funnel.steps), [4, 3, 2, 2, 2, 1]);
    assert_eq!(stopped(&analysis.funnel.steps), [0, 1, 1, 0, 0, 1]);
    assert_eq!(analysis.funnel.steps[5].of_opened, wilson(1, 4));
    assert_eq!(analysis.funnel.steps[5].of_previous, wilson(1, 2));
    assert_eq!(analysis.funnel.steps[0].of_previous, None);
}

#[test]
fn only_matured_carts_are_in_the_funnel() {
    let analysis = analysis_of(&[cart(7 * DAY).abandoned(), cart(7 * DAY + 1), cart(8 * DAY).bought(HOUR)]);
    assert_eq!((analysis.funnel.carts, analysis.funnel.opened_until), (1, crate::testing::NOON + 7 * DAY));
    assert_eq!(carts(&analysis.funnel.steps), [1, 0, 0, 0, 0, 0]);
}

#[test]
fn a_purchase_after_the_window_has_reached_the_last_step() {
    let funnel = analysis_of(&[cart(0).abandoned().bought(5 * DAY), cart(0).bought(HOUR)]).funnel;
    assert_eq!((funnel.steps[5].carts, funnel.purchased_late), (2, 1));
}

#[test]
fn a_step_that_the_shop_does_not_log_is_flagged_and_takes_no_blame() {
    let reached_payment = || cart(0).abandoned().came_to("add_payment_info", [Some(10), None, Some(40)]);
    let analysis = analysis_of(&[
        cart(0).abandoned().came_to("begin_checkout", [Some(10), None, None]),
        cart(0).abandoned().came_to("begin_checkout", [Some(10), None, None]),
        reached_payment(),
        reached_payment().bought(HOUR),
    ]);
    let steps = &analysis.funnel.steps;
    assert_eq!(steps.iter().map(|step| step.recorded).collect::<Vec<_>>(), [true, false, true, false, true, true]);
    assert_eq!(carts(steps), [4, 4, 4, 2, 2, 1]);
    assert_eq!(stopped(steps), [0, 0, 0, 0, 2, 1]);
    assert_eq!((steps[3].of_previous, steps[4].of_previous), (None, wilson(2, 4)));
    assert_eq!(steps[4].since_previous.unwrap().from, Step::BeginCheckout);
    let drop = analysis.headlines().biggest_drop.unwrap();
    assert_eq!((drop.from, drop.to, drop.stopped), (Step::BeginCheckout, Step::AddPaymentInfo, 2));
    assert_eq!((Some(drop.of_reached), Some(drop.of_stopped)), (wilson(2, 4), wilson(2, 3)));
}

#[test]
fn a_young_cart_is_trace_enough_of_a_step() {
    let young = cart(9 * DAY).came_to("add_shipping_info", [Some(1), Some(2), None]);
    let funnel = analysis_of(&[cart(0).abandoned(), young]).funnel;
    assert_eq!(
        funnel.steps.iter().map(|step| step.recorded).collect::<Vec<_>>(),
        [true, false, true, true, false, false]
    );
}

#[test]
fn times_are_taken_between_steps_that_have_one_and_came_in_order() {
    let at = |minutes| cart(0).abandoned().came_to("add_payment_info", minutes);
    let steps = analysis_of(&[
        at([Some(10), Some(20), Some(25)]),
        at([Some(20), Some(50), Some(55)]),
        at([Some(30), Some(29), None]),
        at([None, Some(90), Some(91)]).bought(2 * HOUR),
    ])
    .funnel
    .steps;
    let minutes = |timing: Option<Timing>| {
        timing.map(|timing| (timing.from, timing.n, timing.median_secs / 60.0, timing.p90_secs / 60.0))
    };
    assert_eq!(minutes(steps[2].since_previous), Some((Step::AddToCart, 3, 20.0, 28.0)));
    assert_eq!(minutes(steps[3].since_previous), Some((Step::BeginCheckout, 2, 20.0, 28.0)));
    assert_eq!(minutes(steps[4].since_previous), Some((Step::AddShippingInfo, 3, 5.0, 5.0)));
    assert_eq!(minutes(steps[5].since_previous), Some((Step::AddPaymentInfo, 1, 29.0, 29.0)));
    assert_eq!(minutes(steps[5].since_opened), Some((Step::AddToCart, 1, 120.0, 120.0)));
    assert_eq!((steps[0].since_previous, steps[1].since_previous), (None, None));
}

#[test]
fn the_funnels_of_the_devices_sum_to_that_of_the_shop() {
    let funnel = analysis_of(&[
        cart(0).on("mobile").abandoned(),
        cart(0).on("mobile").bought(HOUR),
        cart(0).on("desktop").abandoned().came_to("begin_checkout", [Some(1), None, None]),
        cart(0).abandoned().came_to("view_cart", [None; 3]),
        cart(0).abandoned(),
    ])
    .funnel;
    let devices: Vec<(Option<&str>, u64)> =
        funnel.by_device.iter().map(|device| (device.device.as_deref(), device.carts)).collect();
    assert_eq!(devices, [(Some("mobile"), 2), (None, 2), (Some("desktop"), 1)]);
    for (at, step) in funnel.steps.iter().enumerate() {
        let of_devices = || funnel.by_device.iter().map(|device| device.steps[at]);
        assert_eq!(of_devices().map(|step| step.carts).sum::<u64>(), step.carts);
        assert_eq!(of_devices().map(|step| step.stopped_before).sum::<u64>(), step.stopped_before);
        assert!(of_devices().all(|of_device| of_device.recorded == step.recorded));
    }
    let unbought = funnel.carts - funnel.steps[5].carts;
    assert_eq!(funnel.steps.iter().map(|step| step.stopped_before).sum::<u64>(), unbought);
}

#[test]
fn where_every_cart_was_bought_there_is_no_drop() {
    let analysis = analysis_of(&[cart(0).bought(HOUR)]);
    assert_eq!(analysis.headlines().biggest_drop, None);
    assert_eq!(analysis_of(&[]).headlines().biggest_drop, None);
}

#[test]
fn of_equal_drops_the_earlier_one_is_named() {
    let analysis = analysis_of(&[
        cart(0).abandoned(),
        cart(0).abandoned().came_to("view_cart", [None; 3]),
        cart(0).abandoned().came_to("begin_checkout", [Some(1), None, None]),
    ]);
    let stopped = stopped(&analysis.funnel.steps);
    assert_eq!(stopped, [0, 1, 1, 0, 0, 0]);
    let drop = analysis.headlines().biggest_drop.unwrap();
    assert_eq!((drop.from, drop.to, drop.stopped), (Step::AddToCart, Step::ViewCart, 1));
}

#[test]
fn without_a_matured_cart_the_funnel_is_empty_and_says_so() {
    for carts in [vec![], vec![cart(9 * DAY)]] {
        let funnel = analysis_of(&carts).funnel;
        assert_eq!((funnel.carts, funnel.by_device.len()), (0, 0));
        assert!(
            funnel.steps.iter().all(|step| step.carts == 0 && step.of_opened.is_none() && step.of_previous.is_none())
        );
    }
}

#[test]
fn step_names_are_those_of_the_events() {
    for step in Step::ALL {
        assert_eq!(events::Kind::parse(step.name()).map(events::Kind::name), Some(step.name()));
        assert_eq!(serde_json::to_string(&step).unwrap(), format!("\"{}\"", step.name()));
    }
}
