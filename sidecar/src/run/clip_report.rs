//! What a run over clips came to: `embedding_generation_report.json` and a page for people, in the
//! output.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde::Serialize;
use vitrine_crds::embedding_job::REPORT;
use vitrine_crds::run::{Counts, QualityState};

use super::clip_page::{self, Picture};
use super::lines::LocalFile;
use super::records::{Failure, Known, Plan, Seen};
use super::report::Report;
use super::{Ground, RunError};
use crate::asset::clip::{Clip, LeadFrom};
use crate::catalog::layout;
use crate::catalog::packed::Current;

/// The page beside the report.
pub const PAGE: &str = "embedding_generation_report.html";
/// Clips of a lower quality are listed for review.
pub const REVIEW_BELOW: f64 = 0.5;

/// Clips of one report, at most: it is read by people and by programs that read it whole.
const CLIPS_MAX: usize = 100_000;
/// Bytes of contact sheets inside the page: the rest is linked.
const SHEETS_BYTES_MAX: usize = 24 << 20;
/// Bytes of one contact sheet.
const SHEET_BYTES_MAX: u64 = 1 << 20;

/// `embedding_generation_report.json`.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ClipReport {
    pub(super) summary: Summary,
    pub(super) timing: Timing,
    pub(super) quality_metrics: QualityMetrics,
    pub(super) failed_videos: Vec<FailedVideo>,
    pub(super) embeddings: Vec<Embedded>,
}

/// How many.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Summary {
    pub(super) total_videos: u64,
    /// Those with a current document, made now or before.
    pub(super) successful: u64,
    pub(super) failed: u64,
    /// `successful / total_videos`, 0 to 1.
    pub(super) success_rate: f64,
}

/// How long.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Timing {
    /// From the start of the run to its report.
    pub(super) total_processing_time_seconds: f64,
    pub(super) total_processing_time_minutes: f64,
    /// Mean of `processing_time` of the clips in `embeddings`; several run at once.
    pub(super) average_time_per_video_seconds: f64,
}

/// How good, over `embeddings`; nothing where there are none.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct QualityMetrics {
    pub(super) mean_quality_score: Option<f64>,
    pub(super) median_quality_score: Option<f64>,
    pub(super) min_quality_score: Option<f64>,
    pub(super) max_quality_score: Option<f64>,
    pub(super) mean_detection_rate: Option<f64>,
}

/// A video without a current document.
#[derive(Clone, Debug, Serialize)]
pub(super) struct FailedVideo {
    pub(super) clip_id: String,
    pub(super) video_path: String,
    /// What was being done: `read`, `work`, `index`.
    pub(super) step: String,
    pub(super) error: String,
    pub(super) attempts: u32,
    pub(super) time: String,
}

/// One clip.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Embedded {
    pub(super) clip_id: String,
    pub(super) video_path: String,
    pub(super) move_label: String,
    pub(super) quality_score: f64,
    pub(super) detection_rate: f64,
    /// Mean confidence of the dancers' joints, 0 to 1.
    pub(super) confidence: f64,
    /// Whether its quality asks for a person to look at it.
    pub(super) needs_review: bool,
    pub(super) frame_count: u64,
    pub(super) processing_time: f64,
    pub(super) duration_seconds: f64,
    /// Vector fields that it has.
    pub(super) vectors: Vec<String>,
    pub(super) has_annotation: bool,
    pub(super) has_sound: bool,
    pub(super) lead_from: Option<LeadFrom>,
    /// Beats a minute, as heard.
    pub(super) tempo_bpm: Option<f32>,
    pub(super) version: String,
    pub(super) created_at: String,
    /// What of it was left out, and why.
    pub(super) remarks: Vec<String>,
    /// Its contact sheet, inside the output.
    pub(super) contact_sheet: Option<String>,
    /// What the page draws of it.
    #[serde(skip)]
    pub(super) seen: Seen,
}

impl Embedded {
    fn of(clip: Clip, seen: Option<Box<Seen>>) -> Self {
        let seen = seen.map(|seen| *seen).unwrap_or_default();
        Self {
            vectors: clip.embedding_fingerprint.keys().cloned().collect(),
            contact_sheet: seen.has_sheet.then(|| layout::clip_sheet(&clip.clip_id)),
            needs_review: clip.quality_score < REVIEW_BELOW,
            clip_id: clip.clip_id,
            video_path: clip.video_path,
            move_label: clip.move_label,
            quality_score: clip.quality_score,
            detection_rate: clip.detection_rate,
            confidence: seen.confidence,
            frame_count: clip.frame_count,
            processing_time: clip.processing_time,
            duration_seconds: seen.duration_s,
            has_annotation: clip.has_annotation,
            has_sound: clip.has_sound,
            lead_from: clip.lead_from,
            tempo_bpm: seen.tempo_bpm,
            version: clip.version,
            created_at: clip.created_at,
            remarks: seen.remarks.clone(),
            seen,
        }
    }
}

impl ClipReport {
    fn of(report: &Report, plan: &Plan, embeddings: Vec<Embedded>, source_uri: &str) -> Self {
        let Counts { read, failed, .. } = report.counts;
        let successful = read.saturating_sub(failed);
        let secs = seconds_since(&plan.started_at);
        let times: Vec<f64> = embeddings.iter().map(|clip| clip.processing_time).collect();
        let failed_videos = report.failures.iter().map(|failure| {
            let Failure { id, uri, path, step, reason, attempts, time } = failure;
            let inside = match path.as_str() {
                "" => uri.strip_prefix(source_uri).unwrap_or(uri).trim_start_matches('/'),
                path => path,
            };
            let error = reason.strip_prefix(inside).and_then(|rest| rest.strip_prefix(": "));
            FailedVideo {
                clip_id: id.clone(),
                error: error.unwrap_or(reason).to_owned(),
                video_path: inside.to_owned(),
                step: step.clone(),
                attempts: *attempts,
                time: time.clone(),
            }
        });
        Self {
            summary: Summary {
                total_videos: read,
                successful,
                failed,
                success_rate: match read {
                    0 => 0.0,
                    _ => rounded(successful as f64 / read as f64),
                },
            },
            timing: Timing {
                total_processing_time_seconds: rounded(secs),
                total_processing_time_minutes: rounded(secs / 60.0),
                average_time_per_video_seconds: rounded(mean(&times).unwrap_or(0.0)),
            },
            quality_metrics: QualityMetrics::of(&embeddings),
            failed_videos: failed_videos.collect(),
            embeddings,
        }
    }
}

impl QualityMetrics {
    fn of(embeddings: &[Embedded]) -> Self {
        let mut scores: Vec<f64> = embeddings.iter().map(|clip| clip.quality_score).collect();
        scores.sort_by(f64::total_cmp);
        let rates: Vec<f64> = embeddings.iter().map(|clip| clip.detection_rate).collect();
        let middle = scores.len() / 2;
        let median = match scores.len() {
            0 => None,
            odd if odd % 2 == 1 => Some(scores[middle]),
            _ => Some((scores[middle - 1] + scores[middle]) / 2.0),
        };
        Self {
            mean_quality_score: mean(&scores).map(rounded),
            median_quality_score: median.map(rounded),
            min_quality_score: scores.first().copied(),
            max_quality_score: scores.last().copied(),
            mean_detection_rate: mean(&rates).map(rounded),
        }
    }
}

/// Writes report and page of what `newest` holds, and says how good it is.
pub(super) fn write(
    ground: &Ground<'_>,
    plan: &Plan,
    (report, newest): (&Report, Option<&Current>),
    scratch: &Path,
) -> Result<Option<QualityState>, RunError> {
    let mut embeddings = match newest {
        Some(current) => embedded(ground, current, scratch)?,
        None => Vec::new(),
    };
    // What fails now keeps its older document, which says nothing of this run.
    let failed: HashSet<&str> = report.failures.iter().map(|failure| failure.id.as_str()).collect();
    embeddings.retain(|clip| !failed.contains(clip.clip_id.as_str()));
    let made = ClipReport::of(report, plan, embeddings, &ground.source.uri(""));
    let mut json = serde_json::to_vec_pretty(&made).expect("reports are JSON");
    json.push(b'\n');
    let pictures = pictures(ground, &made)?;
    let page = clip_page::page(&made, (&plan.library, report.run), &pictures);
    ground.out.put_all(vec![(REPORT.to_owned(), json), (PAGE.to_owned(), page.into_bytes())])?;
    let QualityMetrics { mean_quality_score, mean_detection_rate, .. } = made.quality_metrics;
    let means = mean_quality_score.zip(mean_detection_rate);
    Ok(means
        .map(|(mean_score, mean_detection_rate)| QualityState { mean_score, mean_detection_rate }))
}

/// The clips of a published run, by path.
fn embedded(
    ground: &Ground<'_>,
    current: &Current,
    scratch: &Path,
) -> Result<Vec<Embedded>, RunError> {
    let mut documents = LocalFile::need(&ground.out, &current.documents, scratch)?.places()?;
    let mut known = LocalFile::need(&ground.out, &current.known, scratch)?.lines()?;
    let mut clips = Vec::new();
    while let Some((_, known)) = known.next::<Known>()? {
        if clips.len() == CLIPS_MAX {
            tracing::warn!("the report has the first {CLIPS_MAX} clips; the index has all");
            break;
        }
        let clip: Clip = documents.read(known.document)?;
        clips.push(Embedded::of(clip, known.seen));
    }
    clips.sort_by(|a, b| a.video_path.cmp(&b.video_path));
    Ok(clips)
}

/// Contact sheets for the page: first of clips that somebody should look at, then in order, as many as
/// fit.
fn pictures(
    ground: &Ground<'_>,
    report: &ClipReport,
) -> Result<HashMap<String, Picture>, RunError> {
    let mut room = SHEETS_BYTES_MAX;
    let mut pictures = HashMap::new();
    let (first, rest): (Vec<&Embedded>, Vec<&Embedded>) =
        report.embeddings.iter().partition(|clip| clip.needs_review);
    for clip in first.into_iter().chain(rest) {
        let Some(file) = &clip.contact_sheet else { continue };
        let picture = match room {
            0 => Picture::Linked(file.clone()),
            _ => match ground.out.get_at_most(file, SHEET_BYTES_MAX)? {
                Some(Ok(bytes)) if bytes.len() <= room => {
                    room -= bytes.len();
                    Picture::Inside(bytes)
                }
                Some(_) => {
                    room = 0; // From here on all are linked: a page of a few of many says nothing.
                    Picture::Linked(file.clone())
                }
                None => continue,
            },
        };
        pictures.insert(clip.clip_id.clone(), picture);
    }
    Ok(pictures)
}

fn seconds_since(started_at: &str) -> f64 {
    let started = chrono::DateTime::parse_from_rfc3339(started_at);
    started.map_or(0.0, |started| {
        let passed = chrono::Utc::now().signed_duration_since(started);
        (passed.num_milliseconds() as f64 / 1e3).max(0.0)
    })
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::run) fn clip(clip_id: &str, quality_score: f64) -> Embedded {
        let clip = Clip { quality_score, ..Clip::named(clip_id, &format!("{clip_id}.mp4"), None) };
        Embedded::of(clip, None)
    }

    pub(in crate::run) fn report(embeddings: Vec<Embedded>) -> ClipReport {
        ClipReport {
            summary: Summary { total_videos: 3, successful: 2, failed: 1, success_rate: 0.6667 },
            timing: Timing {
                total_processing_time_seconds: 12.0,
                total_processing_time_minutes: 0.2,
                average_time_per_video_seconds: 4.0,
            },
            quality_metrics: QualityMetrics::of(&embeddings),
            failed_videos: vec![FailedVideo {
                clip_id: "bad".to_owned(),
                video_path: "a/<b>.mp4".to_owned(),
                step: "read".to_owned(),
                error: "its content is no video & <script>alert(1)</script>".to_owned(),
                attempts: 1,
                time: "2026-01-01T00:00:00Z".to_owned(),
            }],
            embeddings,
        }
    }

    #[test]
    fn quality_is_summed_up_over_all_clips_and_says_nothing_of_none() {
        let made = |scores: &[f64]| {
            QualityMetrics::of(&scores.iter().map(|score| clip("a", *score)).collect::<Vec<_>>())
        };
        let even = made(&[0.2, 0.9, 0.4, 0.6]);
        assert_eq!((even.mean_quality_score, even.median_quality_score), (Some(0.525), Some(0.5)));
        assert_eq!((even.min_quality_score, even.max_quality_score), (Some(0.2), Some(0.9)));
        assert_eq!(made(&[0.3, 0.1, 0.2]).median_quality_score, Some(0.2));
        assert_eq!(made(&[]).mean_quality_score, None);
        assert!(clip("a", 0.4999).needs_review && !clip("a", 0.5).needs_review);
    }

    #[test]
    fn the_report_has_the_keys_that_others_read() {
        let json = serde_json::to_value(report(vec![clip("a", 0.7)])).unwrap();
        let keys = |part: &serde_json::Value| -> Vec<String> {
            part.as_object().unwrap().keys().cloned().collect()
        };
        assert_eq!(
            keys(&json),
            ["summary", "timing", "quality_metrics", "failed_videos", "embeddings"]
        );
        assert_eq!(
            keys(&json["summary"]),
            ["total_videos", "successful", "failed", "success_rate"]
        );
        assert_eq!(
            keys(&json["timing"]),
            [
                "total_processing_time_seconds",
                "total_processing_time_minutes",
                "average_time_per_video_seconds"
            ]
        );
        assert_eq!(
            keys(&json["quality_metrics"]),
            [
                "mean_quality_score",
                "median_quality_score",
                "min_quality_score",
                "max_quality_score",
                "mean_detection_rate"
            ]
        );
        assert_eq!(json["embeddings"][0]["clip_id"], "a");
    }
}
