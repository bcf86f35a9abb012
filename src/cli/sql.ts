import { loadConfig, processEnvironment } from '../config/app-config.js';
import { EXIT } from './command.js';
import { sentenceOf } from './dispatch.js';
import { SQL } from './sql.command.js';

// `npm run sql`: the one command that needs nothing of the service but its database.
const { stdout: out, stderr: err } = process;
const opensNothing = () => Promise.reject(new Error('a look into the database opens no service'));
const tools = {
  ...{ out, err, interrupted: new AbortController().signal },
  config: () => loadConfig(processEnvironment()),
  ...{ openHouse: opensNothing, reachDatabase: opensNothing, openSecludedHouse: opensNothing },
};
process.exitCode = await SQL.run(process.argv.slice(2), tools).catch((error: unknown) => {
  err.write(`${sentenceOf(error)}\n`);
  return EXIT.failed;
});
