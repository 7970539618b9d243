//! Two or three sets as circles, with how many members lie in each of their parts.

use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub label: AttrValue,
    pub names: Vec<AttrValue>,
    /// Of each part: bit `n` of the index says that it lies in circle `n`.
    pub counts: Vec<AttrValue>,
    /// Which parts are marked.
    pub taken: Vec<bool>,
}

struct Circle {
    x: f64,
    y: f64,
    name: (f64, f64),
}

const RADIUS: f64 = 62.0;
const TWO: [Circle; 2] =
    [Circle { x: 112.0, y: 92.0, name: (72.0, 20.0) }, Circle { x: 188.0, y: 92.0, name: (228.0, 20.0) }];
const THREE: [Circle; 3] = [
    Circle { x: 112.0, y: 84.0, name: (72.0, 14.0) },
    Circle { x: 188.0, y: 84.0, name: (228.0, 14.0) },
    Circle { x: 150.0, y: 148.0, name: (150.0, 226.0) },
];
/// Where the number of each part stands.
const TWO_PARTS: [(f64, f64); 4] = [(0.0, 0.0), (82.0, 92.0), (218.0, 92.0), (150.0, 92.0)];
const THREE_PARTS: [(f64, f64); 8] = [
    (0.0, 0.0),
    (86.0, 68.0),
    (214.0, 68.0),
    (150.0, 62.0),
    (150.0, 184.0),
    (107.0, 128.0),
    (193.0, 128.0),
    (150.0, 106.0),
];

#[component]
pub fn Venn(props: &Props) -> Html {
    let (circles, parts, height): (&[Circle], &[(f64, f64)], u32) =
        if props.names.len() == 3 { (&THREE, &THREE_PARTS, 236) } else { (&TWO, &TWO_PARTS, 164) };
    let all = 1..parts.len();
    let part = |region: usize| {
        // A part is what all its circles share, without what the others cover.
        let inside = (0..circles.len()).filter(|n| region >> n & 1 == 1);
        let outside = (0..circles.len()).filter(|n| region >> n & 1 == 0);
        let shape = |n: usize, fill: &'static str| {
            html! { <circle cx={circles[n].x.to_string()} cy={circles[n].y.to_string()} r={RADIUS.to_string()} {fill} /> }
        };
        let mask = format!("venn-{region}");
        let clip = |inner: Html, n: usize| html! { <g clip-path={format!("url(#venn-in-{n})")}>{ inner }</g> };
        let body = html! { <rect x="0" y="0" width="300" height={height.to_string()} class="taken" mask={format!("url(#{mask})")} /> };
        html! {
            <>
                <mask id={mask}><rect x="0" y="0" width="300" height={height.to_string()} fill="white" />{ for outside.map(|n| shape(n, "black")) }</mask>
                { inside.fold(body, clip) }
            </>
        }
    };
    let number = |region: usize| {
        let ((x, y), taken) = (parts[region], props.taken.get(region) == Some(&true));
        html! { <text x={x.to_string()} y={(y + 4.0).to_string()} class={classes!("count", taken.then_some("in"))}>{ props.counts.get(region).cloned() }</text> }
    };
    let spoken = all.clone().map(|region| {
        let inside: Vec<_> =
            (0..circles.len()).filter(|n| region >> n & 1 == 1).map(|n| props.names[n].to_string()).collect();
        format!("{}: {}", inside.join(" ∩ "), props.counts[region])
    });
    let label = format!("{}; {}", props.label, spoken.collect::<Vec<_>>().join(", "));
    html! {
        <svg class="venn" viewBox={format!("0 0 300 {height}")} role="img" aria-label={label}>
            <defs>{ for circles.iter().enumerate().map(|(n, circle)| html! {
                <clipPath id={format!("venn-in-{n}")}><circle cx={circle.x.to_string()} cy={circle.y.to_string()} r={RADIUS.to_string()} /></clipPath>
            }) }</defs>
            { for all.clone().filter(|&region| props.taken.get(region) == Some(&true)).map(part) }
            { for circles.iter().zip(&props.names).map(|(circle, name)| html! {
                <>
                    <circle class="outline" cx={circle.x.to_string()} cy={circle.y.to_string()} r={RADIUS.to_string()} />
                    <text class="name" x={circle.name.0.to_string()} y={circle.name.1.to_string()}>{ short(name) }</text>
                </>
            }) }
            { for all.map(number) }
        </svg>
    }
}

/// A name that fits above its circle.
fn short(name: &str) -> String {
    const LONGEST: usize = 16;
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_inside(circle: &Circle, (x, y): (f64, f64)) -> bool {
        (x - circle.x).hypot(y - circle.y) < RADIUS
    }

    #[test]
    fn numbers_stand_in_the_part_they_count() {
        for (circles, parts) in [(&TWO[..], &TWO_PARTS[..]), (&THREE[..], &THREE_PARTS[..])] {
            for (region, &place) in parts.iter().enumerate().skip(1) {
                for (n, circle) in circles.iter().enumerate() {
                    assert_eq!(is_inside(circle, place), region >> n & 1 == 1, "part {region}, circle {n}");
                }
            }
        }
    }
}
