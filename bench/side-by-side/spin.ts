const TURN_MS = 20;

/** Works all the time, and looks now and then whether the one who started it is still there. */
function spin(): void {
  const until = performance.now() + TURN_MS;
  while (performance.now() < until);
  if (process.connected) setImmediate(spin);
}

spin();
