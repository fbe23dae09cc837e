//! Forecasts by day: what past nights' models said of their days, what is said of the days that are not over, and the record
//! of both with what came of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{Days, NaiveDate};
use events::time::{self, HOUR};

use super::NIGHTS;
use super::backtest::Backtest;
use super::cohort::{self, Cohort, DayEffect, LEVEL, LEVELS};
use super::features::at;
use super::landmark::{Cart, Frame, Purpose, Row};
use super::tiers::Tier;
use super::told::{CohortForecast, Held, PredictedCart, Track};
use crate::Settings;

/// A night's own forecast of a day, of which nothing has come yet: of so many carts so many are open.
pub(super) fn forecast(
    day: NaiveDate,
    made_at: i64,
    (carts, open): (u64, usize),
    range: &cohort::Range,
) -> CohortForecast {
    let main = range.main();
    CohortForecast {
        day,
        made_at,
        replayed: false,
        age_days: 0,
        carts,
        open: open as u64,
        expected_rate: range.expected,
        low: main.low,
        high: main.high,
        level: LEVEL,
        range_80: Some(range.ends[0]),
        range_95: Some(range.ends[2]),
        nowcast_rate: None,
        actual_rate: None,
    }
}

/// What the days' forecasts are made from.
pub(super) struct Night<'a> {
    pub(super) frame: &'a Frame,
    pub(super) backtest: &'a Backtest,
    pub(super) settings: &'a Settings,
    pub(super) newest: NaiveDate,
    pub(super) after: i64,
}

/// The days before the newest one, each as it was when its forecast was made, with what its week's model said.
pub(super) struct Past {
    pub(super) days: Vec<NaiveDate>,
    pub(super) cohorts: Vec<Cohort>,
    /// The open carts of these days, by [`Tier`].
    pub(super) by_tier: [Vec<Cohort>; Tier::ALL.len()],
}

impl Night<'_> {
    fn day(&self, cart: &Cart) -> NaiveDate {
        time::local_date(cart.opened_at, self.settings.zone)
    }

    fn end(&self, day: NaiveDate) -> i64 {
        time::start_of_day(day + Days::new(1), self.settings.zone)
    }

    pub(super) fn past(&self) -> Past {
        let rows: HashMap<u32, &Row> =
            self.frame.rows.iter().filter(|row| row.purpose == Purpose::Forecast).map(|row| (row.cart, row)).collect();
        let mut days: BTreeMap<NaiveDate, (Cohort, [Cohort; Tier::ALL.len()])> = BTreeMap::new();
        // Days of which nothing could be said at the time.
        let mut unknown = BTreeSet::new();
        for (at, cart) in (0_u32..).zip(&self.frame.carts) {
            let day = self.day(cart);
            let made_at = self.end(day) + self.after;
            let is_asked = cart.id % self.frame.one_in as u128 == 0;
            if day >= self.newest || cart.opened_at > made_at || !is_asked {
                continue;
            }
            let Some(fold) = self.backtest.fold_of(cart.opened_at) else { continue };
            let row = rows.get(&at);
            let p = if cart.is_unbought(made_at) {
                let age_hours = (made_at - cart.opened_at) as f64 / HOUR as f64;
                let said = row.and_then(|row| fold.trained.score(row, fold.choice.method));
                let Some(p) = said.or_else(|| fold.trained.unseen(age_hours)) else {
                    unknown.insert(day);
                    continue;
                };
                Some(p)
            } else {
                None
            };
            let (cohort, tiers) = days.entry(day).or_default();
            for cohort in std::iter::once(&mut *cohort).chain(&mut *tiers) {
                (cohort.made_at, cohort.known_at) = (made_at, self.end(day) + self.settings.window);
            }
            cohort.carts += 1;
            let Some(p) = p else { continue };
            let abandoned = u64::from(cart.is_abandoned(self.settings.window));
            cohort.open.push(p);
            cohort.abandoned += abandoned;
            if let Some(row) = row {
                let tier = &mut tiers[Tier::of(self.segment(row)) as usize];
                tier.carts += 1;
                tier.open.push(p);
                tier.abandoned += abandoned;
            }
        }
        let mut past = Past { days: Vec::new(), cohorts: Vec::new(), by_tier: Default::default() };
        for (day, (cohort, tiers)) in days.into_iter().filter(|(day, _)| !unknown.contains(day)) {
            past.days.push(day);
            past.cohorts.push(cohort);
            past.by_tier.iter_mut().zip(tiers).for_each(|(all, tier)| all.push(tier));
        }
        past
    }

    fn segment(&self, row: &Row) -> Option<&str> {
        self.frame.vocabularies[at::SEGMENT].word(row.features.words[at::SEGMENT])
    }

    /// What is said of the newest day's open carts, by tier.
    pub(super) fn newest_by_tier(&self, carts: &[PredictedCart]) -> [Vec<f64>; Tier::ALL.len()] {
        let mut tiers: [Vec<f64>; Tier::ALL.len()] = Default::default();
        // Carts that were not found in the events are of nobody known.
        for cart in carts.iter().filter(|cart| cart.segment.is_some()) {
            if time::local_date(cart.opened_at, self.settings.zone) == self.newest {
                tiers[Tier::of(cart.segment.as_deref()) as usize].push(cart.p_abandon);
            }
        }
        tiers
    }

    /// Tonight's forecasts of all days with carts that may still be bought in time, newest first.
    pub(super) fn pending(&self, carts: &[PredictedCart], effect: DayEffect, is_unusual: bool) -> Vec<CohortForecast> {
        let mut open: BTreeMap<NaiveDate, Vec<&PredictedCart>> = BTreeMap::new();
        for cart in carts {
            open.entry(time::local_date(cart.opened_at, self.settings.zone)).or_default().push(cart);
        }
        let mut opened: BTreeMap<NaiveDate, (u64, u64)> = BTreeMap::new();
        for cart in &self.frame.carts {
            let day = opened.entry(self.day(cart)).or_default();
            day.0 += 1;
            let matured = cart.opened_at + self.settings.window <= self.settings.as_of;
            day.1 += u64::from(matured && cart.is_abandoned(self.settings.window));
        }
        let is_open =
            |day: &NaiveDate| *day <= self.newest && self.end(*day) + self.settings.window > self.settings.as_of;
        let forecast = |(day, (all, abandoned)): (NaiveDate, (u64, u64))| {
            let pending = open.get(&day).map(Vec::as_slice).unwrap_or_default();
            let said: Vec<f64> = pending.iter().map(|cart| cart.p_abandon).collect();
            if (carts.is_empty() && self.has_unknown(day)) || (said.is_empty() && day != self.newest) {
                return None;
            }
            let n = all as f64;
            let certain = abandoned as f64 / n;
            let range = cohort::range(all, &said, effect).above(certain);
            let moved: Vec<f64> = pending.iter().map(|cart| cart.p_nowcast).collect();
            Some(CohortForecast {
                age_days: i32::try_from((self.newest - day).num_days()).unwrap_or(i32::MAX),
                nowcast_rate: is_unusual.then(|| certain + cohort::range(all, &moved, effect).expected),
                ..self::forecast(day, self.settings.as_of, (all, said.len()), &range)
            })
        };
        opened.into_iter().rev().filter(|(day, _)| is_open(day)).filter_map(forecast).collect()
    }

    /// Whether carts of a day are pending.
    fn has_unknown(&self, day: NaiveDate) -> bool {
        self.frame.carts.iter().any(|cart| cart.is_pending && self.day(cart) == day)
    }

    /// All forecasts: those of earlier nights as they were made, tonight's, and for nights without a run what would have
    /// been said. What came of them is filled in.
    pub(super) fn record(
        &self,
        earlier: Vec<CohortForecast>,
        replayed: Vec<CohortForecast>,
        tonight: &[CohortForecast],
    ) -> Vec<CohortForecast> {
        let mut all = earlier;
        for forecast in tonight {
            if !all.iter().any(|made| made.day == forecast.day && made.made_at == forecast.made_at) {
                all.push(forecast.clone());
            }
        }
        let own: BTreeSet<NaiveDate> = all
            .iter()
            .filter(|made| made.age_days == 0 && made.made_at <= self.settings.as_of)
            .map(|made| made.day)
            .collect();
        let recent = replayed.len().saturating_sub(NIGHTS);
        all.extend(replayed.into_iter().skip(recent).filter(|forecast| !own.contains(&forecast.day)));
        for forecast in &mut all {
            let is_known = self.end(forecast.day) + self.settings.window <= self.settings.as_of;
            if forecast.actual_rate.is_none() && is_known && forecast.made_at <= self.settings.as_of {
                forecast.actual_rate = self.actual(forecast);
            }
        }
        all.sort_by_key(|forecast| (forecast.day, forecast.made_at, forecast.replayed));
        all
    }

    /// What a forecast came to; `None` where its carts are older than what is read.
    fn actual(&self, forecast: &CohortForecast) -> Option<f64> {
        let carts = &self.frame.carts;
        let opened = |moment: i64| carts.partition_point(|cart| cart.opened_at < moment);
        let from = opened(time::start_of_day(forecast.day, self.settings.zone));
        let until = opened(self.end(forecast.day).min(forecast.made_at + 1));
        let abandoned = carts[from..until].iter().filter(|cart| cart.is_abandoned(self.settings.window)).count();
        (until > from).then(|| abandoned as f64 / (until - from) as f64)
    }
}

/// The last nights whose own forecast has an outcome.
pub(super) fn track(forecasts: &[CohortForecast], as_of: i64) -> Track {
    let mut days: BTreeMap<NaiveDate, &CohortForecast> = BTreeMap::new();
    for forecast in forecasts {
        if forecast.age_days == 0 && forecast.actual_rate.is_some() && forecast.made_at <= as_of {
            // Of several runs in a night the first one counts: what was said first.
            days.entry(forecast.day).or_insert(forecast);
        }
    }
    let judged: Vec<CohortForecast> =
        days.into_values().rev().take(NIGHTS).cloned().collect::<Vec<_>>().into_iter().rev().collect();
    let number = |is: &dyn Fn(&CohortForecast) -> bool| judged.iter().filter(|forecast| is(forecast)).count() as u64;
    let at = |level: f64| {
        let told = judged.iter().filter_map(|forecast| Some(forecast.range(level)?.hold(forecast.actual_rate?)));
        told.fold(Held { level, nights: 0, held: 0 }, |sum, held| Held {
            nights: sum.nights + 1,
            held: sum.held + u64::from(held),
            ..sum
        })
    };
    Track {
        nights: judged.len() as u64,
        held: number(&|forecast| forecast.held() == Some(true)),
        replayed: number(&|forecast| forecast.replayed),
        levels: LEVELS.map(at).to_vec(),
        forecasts: judged,
    }
}
