//! leftcart.toml as the stages take it: settings know no stage, and stages know no file.

use analysis::{alerts, follow_up, revenue};
use settings::{AlertRules, Contacting, SegmentRule};
pub(crate) use settings::{Config, ConfigError, DEFAULTS, FILE, Origin, Setting, Source, Webhook, WebhookFormat};

/// When alerts are raised.
pub(crate) fn alerts(config: &Config) -> alerts::Rules {
    let AlertRules { barrier, quiet_source, rejected, tracking_gap, forecast, drift, calibration } =
        config.alerts.rules;
    alerts::Rules { barrier, quiet_source, rejected, tracking_gap, forecast, drift, calibration }
}

/// Whom to write, and whom not.
pub(crate) fn contacting(config: &Config) -> follow_up::Rules {
    let contact = |contact: &settings::LoggedContact| follow_up::LoggedContact {
        person_id: contact.person_id.clone(),
        at: contact.at,
        channel: contact.channel.clone(),
    };
    let Contacting {
        segments,
        within,
        quiet,
        max_contacts,
        per,
        hold_out,
        min_value,
        rows,
        channels,
        contacts,
        opted_out,
    } = &config.follow_up.rules;
    follow_up::Rules {
        segments: segments.clone(),
        within: *within,
        quiet: *quiet,
        max_contacts: *max_contacts,
        per: *per,
        hold_out: *hold_out,
        min_value: *min_value,
        rows: *rows,
        channels: channels.clone(),
        contacts: contacts.iter().map(contact).collect(),
        opted_out: opted_out.clone(),
    }
}

/// The shop's own segments.
pub(crate) fn segments(config: &Config) -> Vec<revenue::SegmentRule> {
    let rule = |rule: &SegmentRule| revenue::SegmentRule {
        name: rule.name.clone(),
        min_orders: rule.min_orders,
        max_orders: rule.max_orders,
        min_spend: rule.min_spend,
        max_spend: rule.max_spend,
        min_days_since_order: rule.min_days_since_order,
        max_days_since_order: rule.max_days_since_order,
    };
    config.segments.iter().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use settings::{Disk, KNOWN_DAYS, TAKEN, Variables};

    use super::*;

    fn defaults() -> Config {
        Config::resolve("", FILE, &Variables::new(), &Disk).unwrap()
    }

    #[test]
    fn the_documented_defaults_are_those_of_the_rules() {
        let config = defaults();
        assert_eq!((alerts(&config), config.alerts.webhooks.len()), (alerts::Rules::default(), 0));
        assert_eq!((contacting(&config), config.follow_up.show_customers), (follow_up::Rules::default(), false));
        assert_eq!(segments(&config), []);
    }

    #[test]
    fn what_settings_say_of_the_analysis_is_so() {
        assert_eq!(KNOWN_DAYS, analysis::customers::SPAN_DAYS);
        assert_eq!(TAKEN, [revenue::rules::NEW, revenue::rules::OTHERS]);
    }
}
