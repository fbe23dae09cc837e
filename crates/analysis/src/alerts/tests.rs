use super::*;
use crate::prediction::drift::{Moved, Off};
use crate::testing::analysis_of;
use events::time::DAY;

fn cause(subject: &str) -> Cause {
    Cause {
        rule: Rule::QuietSource,
        subject: subject.to_owned(),
        severity: Severity::High,
        what: format!("No row of source “{subject}”."),
        evidence: BTreeMap::from([("rows".to_owned(), "0".to_owned())]),
        top_customers: 0,
    }
}

fn told(alerts: &[Alert]) -> Vec<(&str, Status, i64)> {
    alerts.iter().map(|alert| (alert.id.as_str(), alert.status, alert.since / DAY)).collect()
}

#[test]
fn an_alert_is_new_once_open_while_it_lasts_and_resolved_once() {
    let first = follow(vec![cause("web")], Vec::new(), 10 * DAY);
    assert_eq!(told(&first), [("quiet_source:web", Status::New, 10)]);
    let second = follow(vec![cause("web"), cause("app")], first, 11 * DAY);
    assert_eq!(told(&second), [("quiet_source:app", Status::New, 11), ("quiet_source:web", Status::Open, 10)]);
    let third = follow(vec![cause("app")], second, 12 * DAY);
    assert_eq!(told(&third), [("quiet_source:app", Status::Open, 11), ("quiet_source:web", Status::Resolved, 10)]);
    let fourth = follow(vec![cause("web")], third, 13 * DAY);
    assert_eq!(told(&fourth), [("quiet_source:web", Status::New, 13), ("quiet_source:app", Status::Resolved, 11)]);
}

#[test]
fn a_night_that_is_made_again_tells_the_same() {
    let before = follow(vec![cause("app")], Vec::new(), 9 * DAY);
    let first = follow(vec![cause("web"), cause("app")], before.clone(), 10 * DAY);
    let again = follow(vec![cause("web"), cause("app")], first.clone(), 10 * DAY);
    assert_eq!(told(&again), told(&first));
    assert_eq!(follow(vec![], first, 8 * DAY), [], "nothing that came later is known on an earlier night");
}

#[test]
fn alerts_come_back_from_their_table_as_they_were() {
    let alerts = follow(vec![cause("<b>,\"x"), cause("app")], Vec::new(), 10 * DAY);
    let folder = tempfile::tempdir().unwrap();
    table::write(&alerts, folder.path()).unwrap();
    assert_eq!(read(&folder.path().join("alerts")).unwrap(), alerts);
}

fn rules_of(activity: &[Activity], intake: Intake) -> Vec<&'static str> {
    let causes = rules::causes(&analysis_of(&[]), activity, intake, &Rules::default());
    causes.iter().map(|cause| cause.rule.name()).collect()
}

#[test]
fn a_source_that_sends_a_tenth_of_the_usual_has_gone_quiet() {
    let source = |latest, usual| Activity { source: "web".to_owned(), latest, before: vec![usual; 10] };
    let nothing = Intake::default();
    assert_eq!(rules_of(&[source(0, 1_000)], nothing), ["quiet_source"]);
    assert_eq!(rules_of(&[source(100, 1_000)], nothing), ["quiet_source"]);
    assert_eq!(rules_of(&[source(101, 1_000)], nothing), [""; 0]);
    assert_eq!(rules_of(&[source(0, 40)], nothing), [""; 0], "few rows a day may well be none");
    let young = Activity { before: vec![1_000, 1_000, 0, 0, 0, 0, 0], ..source(0, 0) };
    assert_eq!(rules_of(&[young], nothing), [""; 0], "two days say nothing of what is usual");
}

#[test]
fn rows_that_cannot_be_used_are_told_from_one_in_a_hundred_on() {
    assert_eq!(rules_of(&[], Intake { rows: 1_000, rejected: 10 }), ["rejected"]);
    assert_eq!(rules_of(&[], Intake { rows: 1_000, rejected: 9 }), [""; 0]);
    assert_eq!(rules_of(&[], Intake { rows: 20, rejected: 5 }), [""; 0], "of so few rows a share says nothing");
}

#[test]
fn carts_of_another_kind_and_forecasts_that_stay_off_are_told() {
    let mut analysis = analysis_of(&[]);
    let rules =
        |analysis: &Analysis| -> Vec<Cause> { rules::causes(analysis, &[], Intake::default(), &Rules::default()) };
    let moved = |feature, psi| Moved { feature, psi, by_chance: 0.01 };
    let off = |came, z| Off { days: 14, carts: 2_800, said: 0.6, came, z };
    let drift = &mut analysis.prediction.drift;
    (drift.features, drift.calibration) = (vec![moved("device", 0.31), moved("value", 0.12)], Some(off(0.65, -4.0)));
    let told = rules(&analysis);
    assert_eq!(told.iter().map(|cause| cause.rule).collect::<Vec<_>>(), [Rule::Drift, Rule::Calibration]);
    assert!(told[0].what.contains("device (0.31)") && !told[0].what.contains("value"), "{}", told[0].what);
    assert!(told[1].what.contains("5.0 points too few"), "{}", told[1].what);

    let drift = &mut analysis.prediction.drift;
    // A large index of few carts, a small distance, and a distance that days differ by anyway.
    drift.features = vec![Moved { by_chance: 0.2, ..moved("device", 0.31) }];
    for calibration in [off(0.62, -9.0), off(0.65, -2.0)] {
        analysis.prediction.drift.calibration = Some(calibration);
        assert_eq!(rules(&analysis).len(), 0);
    }
}
