/** One promise of a contract as a case of any test runner: a true sentence, and what throws where it is not kept. */
export interface ContractCase {
  readonly title: string;
  readonly run: () => Promise<void>;
}
