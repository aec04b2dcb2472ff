"""The peer: librosa computes the features that Vitrine computes, each once.

    librosa_features.py FILE...     reads WAV files of 22,050 Hz; then, for each line on stdin,
                                    answers with the seconds that one round of all files took

Shares what a librosa user would share: one spectrogram, one mel spectrogram, one onset envelope.
Reading files, start-up and the first call of each function are not measured.
"""

import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"  # Ours takes one core.

import librosa
import numpy as np
import soundfile

RATE = 22_050


def features(samples: np.ndarray) -> list[np.ndarray]:
    """Each feature over time, its frames last."""
    magnitude = np.abs(librosa.stft(samples, n_fft=2048, hop_length=512))
    power = magnitude**2
    mel = librosa.power_to_db(librosa.feature.melspectrogram(S=power, sr=RATE))
    centroid = librosa.feature.spectral_centroid(S=magnitude, sr=RATE)
    onsets = librosa.onset.onset_strength(S=mel, sr=RATE)
    librosa.estimate_tuning(S=magnitude, sr=RATE)
    tempo, _ = librosa.beat.beat_track(onset_envelope=onsets, sr=RATE)
    return [
        librosa.feature.mfcc(S=mel, n_mfcc=20),
        librosa.feature.chroma_stft(S=power, sr=RATE, tuning=0.0),
        librosa.feature.chroma_stft(S=power, sr=RATE),
        centroid,
        librosa.feature.spectral_bandwidth(S=magnitude, sr=RATE, centroid=centroid),
        librosa.feature.spectral_contrast(S=magnitude, sr=RATE),
        librosa.feature.spectral_rolloff(S=magnitude, sr=RATE),
        librosa.feature.spectral_flatness(S=magnitude),
        librosa.feature.zero_crossing_rate(samples),
        librosa.feature.rms(y=samples),
        onsets,
        np.atleast_1d(tempo),
    ]


def main() -> None:
    sounds = [soundfile.read(path, dtype="float32")[0] for path in sys.argv[1:]]
    features(sounds[0])
    print("ready", librosa.__version__, flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        for samples in sounds:
            features(samples)
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
