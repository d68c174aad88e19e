import { warmStart } from "#engine";

// A chunk of its own, and the first thing that `run` does: what it begins takes the kernel as long as loading the rest.
warmStart();
