//! The CloudWatch dashboard: graphs of what others have asked to be shown.

use crate::plan::Resource;
use crate::plan::builder::Builder;
use crate::plan::graph::Line;
use crate::plan::ids;
use crate::plan::names::Named;
use crate::plan::value::Value;

/// Lines in one graph: CloudWatch draws at most 500, people can tell fewer apart.
const MAX_LINES: usize = 50;

/// Width and height of a graph on the grid, which is 24 wide.
const WIDTH: usize = 12;
const HEIGHT: usize = 6;

/// Adds the dashboard, unless the spec wants none.
pub(crate) fn lower(b: &mut Builder<'_>) {
    let Some(period) = b.model.observability.dashboard else { return };
    let mut widgets = Vec::new();
    for (graph, lines) in std::mem::take(&mut b.graphs) {
        let (title, statistic) = graph.title();
        let mut lines = lines.into_iter().peekable();
        while lines.peek().is_some() {
            let some = lines.by_ref().take(MAX_LINES);
            widgets.push(widget(widgets.len(), &title, statistic, some, period.seconds));
        }
    }
    if widgets.is_empty() {
        return;
    }
    let body = Value::map([("widgets", Value::list(widgets))]);
    let span = b.model.service.span;
    let name = b.name(Named::Dashboard, "", "", span);
    let properties = [("DashboardName", name), ("DashboardBody", Value::Json(Box::new(body)))];
    let origin = format!("dashboard of service `{}`", b.model.service.value);
    b.add(&ids::dashboard(), Resource::new("AWS::CloudWatch::Dashboard", origin, span, properties));
}

fn widget(at: usize, title: &str, statistic: &str, lines: impl Iterator<Item = Line>, period: u64) -> Value {
    let line =
        |line: Line| Value::List(line.metric.into_iter().chain([Value::map([("label", line.label.into())])]).collect());
    let grid = |number: usize| Value::count(number as u64);
    let properties = Value::map([
        ("title", title.into()),
        ("region", Value::pseudo("AWS::Region")),
        ("view", "timeSeries".into()),
        ("stat", statistic.into()),
        ("period", Value::count(period)),
        ("metrics", Value::list(lines.map(line))),
    ]);
    Value::map([
        ("type", "metric".into()),
        ("x", grid(at % 2 * WIDTH)),
        ("y", grid(at / 2 * HEIGHT)),
        ("width", grid(WIDTH)),
        ("height", grid(HEIGHT)),
        ("properties", properties),
    ])
}
