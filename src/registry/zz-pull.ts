import { openEngine, pullImage } from "#engine";
import { parseReference } from "#spec";
const dir=process.argv[2]!;
await pullImage(openEngine({root:dir,run:`${dir}/run`}),parseReference("127.0.0.1:15071/big:1"));
