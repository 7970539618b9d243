// Reloads the page when the site was built anew. Only in a page built for working on it.
const read = async () => {
  try {
    const answer = await fetch("build-id", { cache: "no-store" });
    return answer.ok ? await answer.text() : undefined;
  } catch {
    return undefined; // the server is being built anew as well
  }
};
const loaded = await read();
setInterval(async () => {
  const built = await read();
  if (built !== undefined && built !== loaded) location.reload();
}, 500);
