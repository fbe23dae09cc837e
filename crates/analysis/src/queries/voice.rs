//! What customers say.

use super::Query;
use super::customers::since;
use super::sql::{Tables, count, float, moment, text};
use crate::Analysis;

pub(super) fn queries(analysis: &Analysis, tables: &Tables) -> Vec<Query> {
    let voice = &analysis.voice;
    let said = format!(
        "from {}
where kind in ('feedback', 'support_contact')
  and bot is null
  and ts >= {}
  and ts <= {}",
        tables.events(),
        since(analysis),
        moment(analysis.as_of)
    );
    let counted = Query {
        id: "voice.said".to_owned(),
        title: "Pieces of feedback and requests for help of the last 90 days".to_owned(),
        sql: format!(
            "select
  count(*) filter (where kind = 'feedback') as feedback,
  count(*) filter (where kind = 'support_contact') as support
{said}"
        ),
        columns: vec!["feedback", "support"],
        expected: vec![vec![count(voice.feedback), count(voice.support)]],
    };
    let weeks = Query {
        id: "voice.weeks".to_owned(),
        title: "Mean rating by week".to_owned(),
        sql: format!(
            "select
  date_trunc('week', (ts at time zone '{}')::date)::date as monday,
  count(rating) as ratings,
  avg(rating::double) as rating
{said}
  and isfinite(rating)
group by monday
order by monday",
            analysis.zone
        ),
        columns: vec!["monday", "ratings", "rating"],
        expected: voice
            .weeks
            .iter()
            .map(|week| vec![text(&week.monday.to_string()), count(week.rating.n), float(week.rating.point)])
            .collect(),
    };
    vec![counted, weeks]
}
