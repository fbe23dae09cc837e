//! Where customers stand by what they spent.

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;
use events::time;

use super::Query;
use super::sql::{self, Cell, Tables, count, float, money};
use crate::Analysis;
use crate::revenue::standing::{MOVES, Tenth};

pub(super) fn queries(analysis: &Analysis, tables: &Tables) -> Vec<Query> {
    let standing = &analysis.revenue.detail.standing;
    let (Some(day), Ok(zone)) = (standing.day, analysis.zone.parse::<Tz>()) else { return Vec::new() };
    let night = Night { day, zone, spend: tables.spend() };
    let mut queries = vec![night.moves(analysis), night.tenths("ever", None, &standing.ever)];
    if !standing.year.is_empty() {
        queries.push(night.tenths("year", Some(day), &standing.year));
        queries.push(night.rfm(analysis));
    }
    queries.push(holders(analysis, tables));
    queries
}

struct Night {
    day: NaiveDate,
    zone: Tz,
    spend: String,
}

impl Night {
    fn start_of(&self, day: NaiveDate) -> String {
        sql::moment(time::start_of_day(day, self.zone))
    }

    /// Spend of everybody with an order, known and counted before 00:00 of the night's day.
    fn customers(&self, since: Option<NaiveDate>) -> String {
        let from = since
            .map_or_else(String::new, |day| format!("\n    and counts_at >= {}", self.start_of(day - Days::new(365))));
        format!(
            "customers as (
  select
    person_id,
    sum(amount) as spend,
    count(*) filter (where is_order) as orders,
    max(counts_at) filter (where is_order) as last
  from {spend}
  where counts_at < {end} and known_at < {end}{from}
  group by person_id
  having orders > 0
)",
            spend = self.spend,
            end = self.start_of(self.day)
        )
    }

    fn tenths(&self, id: &str, since: Option<NaiveDate>, tenths: &[Tenth]) -> Query {
        let share = |share: Option<f64>| share.and_then(float);
        let row = |line: &Tenth| -> Vec<Cell> {
            vec![
                count(line.tenth.into()),
                count(line.customers),
                money(line.spend),
                share(line.share),
                share(line.cumulative),
            ]
        };
        let span = if since.is_some() { "in the 365 days before" } else { "ever before" };
        Query {
            id: format!("standing.tenths.{id}"),
            title: format!("Tenths of customers by what they spent {span}, and what share of all spend they hold"),
            sql: format!(
                "with {},
ranked as (
  select *, 1 + (10 * (row_number() over (order by spend desc, person_id) - 1)) // count(*) over () as tenth
  from customers
),
tenths as (
  select tenth, count(*) as customers, sum(spend) as spend
  from ranked
  group by tenth
)
select
  tenth,
  customers,
  spend,
  case when sum(spend) over () > 0 then spend::double / (sum(spend) over ())::double end as share,
  case when sum(spend) over () > 0 then (sum(spend) over (order by tenth))::double / (sum(spend) over ())::double end
    as cumulative
from tenths
order by tenth",
                self.customers(since)
            ),
            columns: vec!["tenth", "customers", "spend", "share", "cumulative"],
            expected: tenths.iter().map(row).collect(),
        }
    }

    fn rfm(&self, analysis: &Analysis) -> Query {
        let cells = analysis.revenue.detail.standing.rfm.iter().map(|cell| {
            let scores = [cell.recency, cell.frequency, cell.monetary].map(|score| count(score.into()));
            [scores.to_vec(), vec![count(cell.customers), money(cell.spend)]].concat()
        });
        let score = |column: &str| format!("5 - (5 * (rank() over (order by {column} desc) - 1)) // count(*) over ()");
        Query {
            id: "standing.rfm".to_owned(),
            title: "Customers by recency, frequency and spend, each scored by fifths".to_owned(),
            sql: format!(
                "with {},
scored as (
  select
    spend,
    {} as recency,
    {} as frequency,
    {} as monetary
  from customers
)
select recency, frequency, monetary, count(*) as customers, sum(spend) as spend
from scored
group by recency, frequency, monetary
order by recency desc, frequency desc, monetary desc",
                self.customers(Some(self.day)),
                score("last"),
                score("orders"),
                score("spend")
            ),
            columns: vec!["recency", "frequency", "monetary", "customers", "spend"],
            expected: cells.collect(),
        }
    }

    /// Segments of everybody at 00:00 of a day.
    fn segments(&self, name: &str, day: NaiveDate) -> String {
        format!(
            "{name}_spend as (
  select
    person_id,
    coalesce(sum(amount) filter (where counts_at >= {start}), 0) as spend,
    count(*) filter (where is_order and counts_at >= {start}) > 0 as is_ranked,
    bool_or(is_order) as has_ordered
  from {spend}
  where counts_at < {end} and known_at < {end}
  group by person_id
),
{name} as (
  select
    person_id,
    case
      when is_ranked then 'd' || (1 + (10 * (row_number() over same - 1)) // count(*) over (partition by is_ranked))
      when has_ordered then 'lapsed'
      else 'new'
    end as segment
  from {name}_spend
  window same as (partition by is_ranked order by spend desc, person_id)
)",
            spend = self.spend,
            start = self.start_of(day - Days::new(365)),
            end = self.start_of(day)
        )
    }

    fn moves(&self, analysis: &Analysis) -> Query {
        let row = |line: &crate::revenue::standing::Move| {
            vec![sql::text(&line.from), sql::text(&line.to), count(line.customers), float(line.share.point)]
        };
        let order = |column: &str| sql::SEGMENT_ORDER.replace("segment", column);
        Query {
            id: "standing.moves".to_owned(),
            title: format!("Customers by the segment they were in {MOVES} days before, and the one they are in now"),
            sql: format!(
                "with {},
{},
moved as (
  select coalesce(earlier.segment, 'new') as from_segment, later.segment as to_segment, count(*) as customers
  from later
  left join earlier using (person_id)
  where later.segment <> 'new'
  group by from_segment, to_segment
)
select
  from_segment,
  to_segment,
  customers,
  customers / (sum(customers) over (partition by from_segment))::double as share
from moved
order by {}, {}",
                self.segments("earlier", self.day - Days::new(MOVES)),
                self.segments("later", self.day),
                order("from_segment"),
                order("to_segment"),
            ),
            columns: vec!["from_segment", "to_segment", "customers", "share"],
            expected: analysis.revenue.detail.standing.moves.iter().map(row).collect(),
        }
    }
}

fn holders(analysis: &Analysis, tables: &Tables) -> Query {
    let row = |line: &crate::revenue::detail::Holder| {
        vec![sql::text(&line.segment), count(line.customers), count(line.carts), money(line.revenue)]
    };
    // Without a rate nothing can be said in the base currency.
    let asked = if analysis.revenue.detail.holders.is_empty() { "\nwhere false" } else { "" };
    Query {
        id: "standing.holders".to_owned(),
        title: format!("What carts of each segment brought, less refunds, in {}", analysis.base),
        sql: format!(
            "select
  segment,
  count(distinct carts.person_id) as customers,
  count(*) as carts,
  coalesce(sum(amount - refunded), 0) as revenue
from {} as carts
left join {} as orders on orders.cart_id = carts.cart_id{asked}
group by segment
order by {}",
            tables.carts(),
            tables.orders(),
            sql::SEGMENT_ORDER
        ),
        columns: vec!["segment", "customers", "carts", "revenue"],
        expected: analysis.revenue.detail.holders.iter().map(row).collect(),
    }
}
