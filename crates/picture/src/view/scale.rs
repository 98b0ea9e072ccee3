//! Virtual time on a line: the same scale everywhere, quiet stretches folded away, and back from pixels to time.

use petri_objects::order::Order as _;
use petri_objects::{Span, Time};

/// The width of a fold.
pub const FOLD: i32 = 40;

/// A stretch of time and of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    pub from: Time,
    pub to: Time,
    pub left: i32,
    pub right: i32,
    /// Time runs faster here: nothing happens.
    pub folded: bool,
}

/// The mapping between time and pixels; segments touch and are in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scale {
    pub segments: Vec<Segment>,
}

/// A tick of the axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    pub x: i32,
    pub at: Time,
}

impl Scale {
    /// Maps `from..to` to `left..right`. `marks` are the moments at which something happens; long stretches without
    /// any become folds.
    pub fn new(from: Time, to: Time, left: i32, right: i32, marks: &[Time]) -> Scale {
        let to = to.max(from + Span::micros(1));
        let folds = folds(from, to, marks, (right - left) / (FOLD * 3));
        let visible: u64 = to.since(from).0 - folds.iter().map(|(a, b)| b.since(*a).0).sum::<u64>();
        let pixels = (right - left - FOLD * folds.len() as i32).max(0) as u128;
        let mut segments = Vec::new();
        let (mut time, mut x) = (from, left);
        // Widths are taken from the running total, so that rounding does not add up.
        let mut seen: u64 = 0;
        let mut folded = 0;
        let mut open = |start: Time, end: Time, x: &mut i32, folded: i32, segments: &mut Vec<Segment>| {
            seen += end.since(start).0;
            let target = left + folded * FOLD + (u128::from(seen) * pixels / u128::from(visible.max(1))) as i32;
            segments.push(Segment { from: start, to: end, left: *x, right: target, folded: false });
            *x = target;
        };
        for (start, end) in folds {
            open(time, start, &mut x, folded, &mut segments);
            segments.push(Segment { from: start, to: end, left: x, right: x + FOLD, folded: true });
            x += FOLD;
            folded += 1;
            time = end;
        }
        open(time, to, &mut x, folded, &mut segments);
        Scale { segments }
    }

    /// Where a moment stands; outside the scale, at its ends.
    pub fn x(&self, at: Time) -> i32 {
        let Some(segment) = self.segments.iter().find(|s| at < s.to).or(self.segments.last()) else { return 0 };
        let (length, width) = (segment.to.since(segment.from).0.max(1), (segment.right - segment.left) as u128);
        let into = at.since(segment.from).0.min(length);
        segment.left + (u128::from(into) * width / u128::from(length)) as i32
    }

    /// Which moment stands there: the inverse of [`Scale::x`], to the pixel.
    pub fn time(&self, x: i32) -> Time {
        let Some(segment) = self.segments.iter().find(|s| x < s.right).or(self.segments.last()) else {
            return Time::ZERO;
        };
        let (length, width) = (segment.to.since(segment.from).0, (segment.right - segment.left).max(1));
        let into = (x - segment.left).clamp(0, width) as u128;
        segment.from + Span((u128::from(length) * into).div_ceil(width as u128) as u64)
    }

    pub fn from(&self) -> Time {
        self.segments.first().map_or(Time::ZERO, |s| s.from)
    }
    pub fn to(&self) -> Time {
        self.segments.last().map_or(Time::ZERO, |s| s.to)
    }
    pub fn folds(&self) -> impl Iterator<Item = &Segment> {
        self.segments.iter().filter(|s| s.folded)
    }

    /// Round moments, counted from `zero`, at least `room` pixels apart and none on a fold.
    pub fn ticks(&self, zero: Time, room: i32) -> Vec<Tick> {
        const STEPS: [u64; 20] = [
            100,
            200,
            500,
            1_000,
            2_000,
            5_000,
            10_000,
            15_000,
            30_000,
            60_000,
            120_000,
            300_000,
            600_000,
            900_000,
            1_800_000,
            3_600_000,
            7_200_000,
            21_600_000,
            86_400_000,
            604_800_000,
        ];
        let open = || self.segments.iter().filter(|s| !s.folded);
        let time: u128 = open().map(|s| u128::from(s.to.since(s.from).0)).sum();
        let pixels: i32 = open().map(|s| s.right - s.left).sum();
        let fits = |millis: &&u64| u128::from(**millis) * 1_000 * pixels.max(1) as u128 >= room as u128 * time.max(1);
        let step = Span::millis(*STEPS.iter().find(fits).unwrap_or(&STEPS[STEPS.len() - 1]));
        let mut ticks: Vec<Tick> = Vec::new();
        for segment in open() {
            let mut at = zero + Span(segment.from.since(zero).0.div_ceil(step.0) * step.0);
            while at <= segment.to {
                let x = self.x(at);
                // Ends that touch a fold belong to the open side, but not twice.
                if ticks.last().is_none_or(|last: &Tick| x - last.x >= 36) {
                    ticks.push(Tick { x, at });
                }
                at += step;
            }
        }
        ticks
    }
}

/// The stretches to fold: the longest quiet ones, as long as they take a third of what is left to see.
fn folds(from: Time, to: Time, marks: &[Time], most: i32) -> Vec<(Time, Time)> {
    let mut moments: Vec<Time> = marks.iter().copied().filter(|at| from < *at && *at < to).collect();
    moments.extend([from, to]);
    moments.order();
    let mut gaps: Vec<(u64, Time, Time)> =
        moments.windows(2).map(|pair| (pair[1].since(pair[0]).0, pair[0], pair[1])).collect();
    gaps.order_by_key(|(length, start, _)| (std::cmp::Reverse(*length), *start));
    let mut visible = to.since(from).0;
    let mut folds = Vec::new();
    for (length, start, end) in gaps.into_iter().take(most.max(0) as usize) {
        if length < Span::seconds(60).0 || length.saturating_mul(3) < visible {
            break;
        }
        // A part of the quiet stays on both sides, so that it is seen to have been quiet.
        let kept = Span((length / 16).clamp(Span::seconds(4).0, Span::seconds(15).0));
        let (start, end) = (start + kept, end - kept);
        visible -= end.since(start).0;
        folds.push((start, end));
    }
    folds.order();
    folds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time(1_000_000_000_000_000) + Span::seconds(seconds)
    }

    /// A cut at 1:01, an eviction at 6:51: nothing between 1:51 and 6:51 but silence.
    fn bad_day() -> Scale {
        Scale::new(at(0), at(450), 128, 1_424, &[4, 8, 17, 30, 61, 111, 411, 424, 436].map(at))
    }

    #[test]
    fn a_quiet_stretch_is_folded_to_the_same_width_whatever_its_length() {
        let scale = bad_day();
        let folds: Vec<_> = scale.folds().collect();
        assert_eq!(folds.len(), 1, "{folds:?}");
        assert_eq!(folds[0].right - folds[0].left, FOLD);
        assert_eq!((folds[0].from, folds[0].to), (at(126), at(396)));
    }

    #[test]
    fn segments_touch_and_fill_the_width() {
        let scale = bad_day();
        assert_eq!(scale.segments.first().map(|s| s.left), Some(128));
        assert_eq!(scale.segments.last().map(|s| s.right), Some(1_424));
        for pair in scale.segments.windows(2) {
            assert_eq!((pair[0].to, pair[0].right), (pair[1].from, pair[1].left));
        }
    }

    #[test]
    fn pixels_and_moments_map_back_to_each_other() {
        let scale = bad_day();
        for x in 128..=1_424 {
            assert_eq!(scale.x(scale.time(x)), x, "pixel {x}");
        }
        let mut last = 0;
        for seconds in 0..=450 {
            let x = scale.x(at(seconds));
            assert!(x >= last, "time never runs backwards");
            last = x;
        }
    }

    #[test]
    fn a_short_run_is_not_folded() {
        let scale = Scale::new(at(0), at(40), 0, 1_000, &[at(4)]);
        assert_eq!(scale.segments.len(), 1);
        assert_eq!(scale.x(at(20)), 500);
    }

    #[test]
    fn ticks_are_round_and_never_on_a_fold() {
        let scale = bad_day();
        let ticks = scale.ticks(at(0), 80);
        assert!(ticks.windows(2).all(|pair| pair[1].x - pair[0].x >= 36));
        for tick in &ticks {
            assert_eq!(tick.at.since(at(0)).as_seconds() % 15, 0);
            assert!(scale.folds().all(|fold| tick.x <= fold.left || fold.right <= tick.x));
        }
        assert!(ticks.len() > 8);
    }

    #[test]
    fn an_empty_window_does_not_divide_by_zero() {
        let scale = Scale::new(at(0), at(0), 10, 10, &[]);
        assert_eq!(scale.x(at(5)), 10);
        let _ = scale.ticks(at(0), 80);
    }
}
