/* Arithmetic of the map, without a map. */

/** The lines between villages of different districts, which share their edges exactly: [[[lat, lng], [lat, lng]], …]. */
export function borders(geometries, districtOf) {
  const first = new Map();
  const found = [];
  for (const [code, geometry] of Object.entries(geometries)) {
    const parts = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
    for (const ring of parts.flat()) {
      for (let at = 1; at < ring.length; at += 1) {
        const edge = [ring[at - 1], ring[at]].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
        const key = edge.join();
        if (!first.has(key)) first.set(key, districtOf(code));
        else if (first.get(key) !== districtOf(code)) found.push(edge.map(([lng, lat]) => [lat, lng]));
      }
    }
  }
  return found;
}

/** The labels that can stand without overlapping, those of the highest rank first; a rank below 0 never stands. */
export function thin(labels) {
  const kept = [];
  for (const one of [...labels].sort((a, b) => b.rank - a.rank)) {
    const free = kept.every(({ box }) => box.right < one.box.left || one.box.right < box.left || box.bottom < one.box.top || one.box.bottom < box.top);
    if (one.rank >= 0 && free) kept.push(one);
  }
  return new Set(kept.map(({ label }) => label));
}
