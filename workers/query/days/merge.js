/**
 * @typedef {{timestamp: number, line: string}} Row
 * @typedef {{rows: Row[], at: number, source: AsyncGenerator<Row[]>}} Head the next rows of a member
 */

/**
 * Merges the rows of the members of one day by time. Each member keeps its own order, so memory holds one piece of
 * each member only.
 * @param {AsyncGenerator<Row[]>[]} sources
 * @returns {AsyncGenerator<Row[]>}
 */
export async function* mergeByTime(sources) {
  try {
    if (sources.length === 1) yield* sources[0];
    else yield* merge(sources);
  } finally {
    for (const source of sources) source.return(undefined).catch(() => {});
  }
}

/**
 * @param {AsyncGenerator<Row[]>[]} sources
 * @returns {AsyncGenerator<Row[]>}
 */
async function* merge(sources) {
  /** @type {Head[]} */
  let heads = [];
  for (const source of sources) {
    const head = { rows: [], at: 0, source };
    if (await advance(head)) heads.push(head);
  }
  while (heads.length > 0) {
    const [rows, empty] = takeRows(heads);
    yield rows;
    if (!(await advance(empty))) heads = heads.filter((head) => head !== empty);
  }
}

/**
 * Takes rows, oldest first, until one member has no rows left. Returns the rows and that member.
 * @param {Head[]} heads
 * @returns {[Row[], Head]}
 */
function takeRows(heads) {
  const rows = [];
  for (;;) {
    let oldest = heads[0];
    for (const head of heads) if (head.rows[head.at].timestamp < oldest.rows[oldest.at].timestamp) oldest = head;
    rows.push(oldest.rows[oldest.at]);
    oldest.at += 1;
    if (oldest.at === oldest.rows.length) return [rows, oldest];
  }
}

/**
 * Reads the next rows of a member. Returns whether there are any.
 * @param {Head} head
 */
async function advance(head) {
  do {
    const { done, value } = await head.source.next();
    if (done) return false;
    head.rows = value;
  } while (head.rows.length === 0);
  head.at = 0;
  return true;
}
