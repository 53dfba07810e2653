/** Names the folder in which all test files of one run keep what they share; it is not set outside of a run. */
export const RUN_FOLDER = 'CORRAL_TEST_RUN_FOLDER';
