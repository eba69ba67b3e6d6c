// The last seconds of one series, as the smallest and the largest of each short while: as many as a plot has room for.
export class Buckets {
  #ms;
  #low;
  #high;
  #rises;
  #stamp;
  newest = -Infinity;
  last = null;

  constructor(windowMs, count) {
    this.#ms = windowMs / count;
    this.#low = new Float64Array(count);
    this.#high = new Float64Array(count);
    this.#rises = new Uint8Array(count);
    this.#stamp = new Float64Array(count).fill(-1);
  }

  add(atMs, value) {
    const stamp = Math.floor(atMs / this.#ms);
    const place = stamp % this.#stamp.length;
    if (stamp < this.#stamp[place]) return; // older than the window
    if (this.#stamp[place] !== stamp) {
      this.#stamp[place] = stamp;
      this.#low[place] = this.#high[place] = value;
    } else if (value < this.#low[place]) {
      this.#low[place] = value;
      this.#rises[place] = 0;
    } else if (value > this.#high[place]) {
      this.#high[place] = value;
      this.#rises[place] = 1;
    }
    if (atMs >= this.newest) {
      this.newest = atMs;
      this.last = value;
    }
  }

  // The largest distance from zero; 0 as long as less than `leastMs` is known.
  size(leastMs) {
    const newest = Math.floor(this.newest / this.#ms);
    let [size, oldest] = [0, newest];
    this.#stamp.forEach((stamp, place) => {
      if (stamp < 0 || stamp <= newest - this.#stamp.length) return;
      oldest = Math.min(oldest, stamp);
      size = Math.max(size, Math.abs(this.#low[place]), Math.abs(this.#high[place]));
    });
    return (newest - oldest) * this.#ms >= leastMs ? size : 0;
  }

  // Two values a bucket, oldest first, up to the one that holds `endMs`; null where nothing was measured.
  values(endMs) {
    const count = this.#stamp.length;
    const end = Math.floor(endMs / this.#ms);
    const drawn = new Array(count * 2).fill(null);
    for (let index = 0; index < count; index += 1) {
      const stamp = end - count + 1 + index;
      const place = ((stamp % count) + count) % count;
      if (this.#stamp[place] !== stamp) continue;
      const [first, second] = this.#rises[place] ? [this.#low, this.#high] : [this.#high, this.#low];
      drawn[index * 2] = first[place];
      drawn[index * 2 + 1] = second[place];
    }
    return drawn;
  }
}
