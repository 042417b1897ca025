// A made-up recording: a few hummed notes, as a voice message without a microphone.

/** Samples in a second. */
const RATE = 8000;
/** Hertz and seconds of each note. */
const NOTES = [
  [392, 0.25],
  [440, 0.25],
  [494, 0.25],
  [392, 0.5],
];

/** The recording as a file of its own. */
export function hum() {
  const samples = NOTES.flatMap(([pitch, seconds]) => note(pitch, RATE * seconds));
  return new File([head(samples.length), new Uint8Array(samples)], "voice.wav", {
    type: "audio/wav",
  });
}

/** One note that fades in and out, a byte a sample. */
function note(pitch, length) {
  return Array.from({ length }, (_, at) => {
    const loudness = Math.sin((Math.PI * at) / length);
    return 128 + Math.round(60 * loudness * Math.sin((2 * Math.PI * pitch * at) / RATE));
  });
}

/** What stands before the samples of a WAV file: one channel of eight bits. */
function head(length) {
  const view = new DataView(new ArrayBuffer(44));
  const words = { 0: "RIFF", 8: "WAVE", 12: "fmt ", 36: "data" };
  for (const [at, word] of Object.entries(words)) {
    [...word].forEach((sign, step) => view.setUint8(Number(at) + step, sign.charCodeAt(0)));
  }
  const longs = { 4: 36 + length, 16: 16, 24: RATE, 28: RATE, 40: length };
  for (const [at, value] of Object.entries(longs)) view.setUint32(Number(at), value, true);
  const shorts = { 20: 1, 22: 1, 32: 1, 34: 8 };
  for (const [at, value] of Object.entries(shorts)) view.setUint16(Number(at), value, true);
  return view.buffer;
}
