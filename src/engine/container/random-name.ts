const adjectives =
  "amber brisk calm clear daring deft eager early fair fleet fond gentle glad golden grand happy keen kind lively lucid mellow merry mild nimble noble patient plain proud quick quiet ready rosy sharp silver smart snug steady still sunny swift tidy true vivid warm wise witty young zesty".split(
    " ",
  );
const nouns =
  "agnesi babbage banach bohr boole borg cantor carson cerf church curie darwin dijkstra einstein erdos euclid euler faraday fermi franklin galileo gauss germain godel goodall hamilton hertz hilbert hopper hypatia johnson keller kepler knuth lamarr leibniz lovelace maxwell meitner mendel mirzakhani newton noether pascal pasteur perlman planck ramanujan ritchie shannon tesla thompson turing volta wiles wozniak wright".split(
    " ",
  );

/** A name like `brisk_noether`, for a container that was given none. */
export function randomName(): string {
  const [a = 0, b = 0, c = 0] = crypto.getRandomValues(new Uint32Array(3));
  return `${adjectives[a % adjectives.length]}_${nouns[b % nouns.length]}${c % 1000}`;
}
