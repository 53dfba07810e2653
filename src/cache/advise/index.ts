/** `graphql-corral/advise`: sentences about what the counters of a cache show, and recorded traffic under other settings. */
export { adviseOn, type Advice, type FieldFigures } from './advice.js';
export {
  simulate,
  type Simulated,
  type SimulatedCounters,
  type SimulatedField,
  type Simulation,
} from './simulate.js';
export {
  readRecording,
  type RecordedEvent,
  type RecordedField,
  type Recording,
  type RecordingHead,
} from '../record/recording.js';
