//! Places on a plain grid of longitudes and latitudes, fitted to what there is.

use yew::prelude::*;

#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub name: AttrValue,
    pub longitude: f64,
    pub latitude: f64,
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub label: AttrValue,
    pub places: Vec<Place>,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 360.0;
/// More places than this have no names.
const NAMED: usize = 40;
/// Lines of the grid in each direction, at most.
const LINES: f64 = 8.0;

#[component]
pub fn MapGrid(props: &Props) -> Html {
    let frame = Frame::around(&props.places);
    let step = frame.step();
    let lines = |from: f64, to: f64| {
        let first = (from / step).ceil() as i64;
        (first..).map(|n| n as f64 * step).take_while(|at| *at <= to).collect::<Vec<_>>()
    };
    let digits = if step < 1.0 { (-libm::log10(step)).ceil() as usize } else { 0 };
    let meridian = |&longitude: &f64| {
        let x = format!("{:.1}", frame.x(longitude));
        html! { <><path class="grid" d={format!("M{x} 0v{HEIGHT}")} /><text class="degree" x={x} y={format!("{}", HEIGHT - 4.0)}>{ format!("{longitude:.digits$}°") }</text></> }
    };
    let parallel = |&latitude: &f64| {
        let y = format!("{:.1}", frame.y(latitude));
        html! { <><path class="grid" d={format!("M0 {y}h{WIDTH}")} /><text class="degree start" x="3" y={y}>{ format!("{latitude:.digits$}°") }</text></> }
    };
    let is_named = props.places.len() <= NAMED;
    let place = |place: &Place| {
        let (x, y) = (frame.x(place.longitude), frame.y(place.latitude));
        let is_right = x > WIDTH * 0.8;
        html! {
            <g>
                <circle cx={format!("{x:.1}")} cy={format!("{y:.1}")} r={if is_named { "4.5" } else { "2.5" }}><title>{ place.name.clone() }</title></circle>
                if is_named {
                    <text class={if is_right { "place end" } else { "place" }} x={format!("{:.1}", if is_right { x - 9.0 } else { x + 9.0 })} y={format!("{:.1}", y + 4.0)}>{ place.name.clone() }</text>
                }
            </g>
        }
    };
    html! {
        <svg class="map-grid" viewBox={format!("0 0 {WIDTH} {HEIGHT}")} role="img" aria-label={props.label.clone()}>
            <rect class="sea" width={WIDTH.to_string()} height={HEIGHT.to_string()} />
            { for lines(frame.west, frame.east).iter().map(meridian) }
            { for lines(frame.south, frame.north).iter().map(parallel) }
            { for props.places.iter().map(place) }
        </svg>
    }
}

/// The part of the world that is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Frame {
    west: f64,
    east: f64,
    south: f64,
    north: f64,
}

impl Frame {
    /// All places with a margin, as many degrees to a pixel in both directions.
    fn around(places: &[Place]) -> Frame {
        let bounds = |of: fn(&Place) -> f64| {
            let all = places.iter().map(of);
            all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| (low.min(at), high.max(at)))
        };
        let ((west, east), (south, north)) = (bounds(|place| place.longitude), bounds(|place| place.latitude));
        if places.is_empty() {
            return Frame { west: -180.0, east: 180.0, south: -90.0, north: 90.0 };
        }
        let needed = ((east - west) * 1.25).max((north - south) * 1.25 * WIDTH / HEIGHT).max(0.01);
        let (x, y, wide, high) =
            ((west + east) / 2.0, (south + north) / 2.0, needed / 2.0, needed / 2.0 * HEIGHT / WIDTH);
        Frame { west: x - wide, east: x + wide, south: y - high, north: y + high }
    }

    /// Degrees between two lines: one, two or five of a power of ten.
    fn step(self) -> f64 {
        let least = (self.east - self.west) / LINES;
        let power = libm::pow(10.0, libm::log10(least).floor());
        [1.0, 2.0, 5.0, 10.0].into_iter().map(|times| times * power).find(|step| *step >= least).unwrap_or(10.0 * power)
    }

    fn x(self, longitude: f64) -> f64 {
        (longitude - self.west) / (self.east - self.west) * WIDTH
    }

    fn y(self, latitude: f64) -> f64 {
        (self.north - latitude) / (self.north - self.south) * HEIGHT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_lies_within_the_frame() {
        let place = |longitude: f64, latitude: f64| Place { name: "".into(), longitude, latitude };
        for places in [
            vec![place(13.36, 38.11), place(15.08, 37.5)],
            vec![place(-180.0, -85.0), place(180.0, 85.0)],
            vec![place(2.0, 48.0)],
        ] {
            let frame = Frame::around(&places);
            for place in &places {
                let (x, y) = (frame.x(place.longitude), frame.y(place.latitude));
                assert!((0.0..=WIDTH).contains(&x) && (0.0..=HEIGHT).contains(&y), "{places:?}: {x} {y}");
            }
            assert!(((frame.east - frame.west) / frame.step()) <= LINES);
        }
    }
}
