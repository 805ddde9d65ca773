// The script of llada_nb.explore.Player on a page: it brings every player to life that
// is not yet alive. All that it needs stands in the player's own data-tracks:
//   changes: of each position, in order, [call, text, shade by step, by confidence];
//            a mask has null for its text; before the first change there is a mask
//   top:     before each call, position → "candidate percent candidate percent …"
//   ticks:   for each place of the slider, the calls that were made
for (const player of document.querySelectorAll(".llada-player:not([data-on])")) {
  player.dataset.on = 1;
  const data = JSON.parse(player.dataset.tracks);
  const [slider, shade, button, says, inside] = ["input", "select", "button", "output",
    ".inside"].map(name => player.querySelector(name));
  const texts = [...player.querySelectorAll("pre")];
  let timer = 0;
  let chosen = null;                                    // [track, position]

  const calls = track => track.ticks[slider.value];
  const shown = text => text.replaceAll("\n", "").replaceAll(" ", "␣");

  function look(track, i) {                             // what stands at a position now
    const call = calls(track);
    const past = track.changes[i].filter(change => change[0] <= call);
    const [since, text, ...alpha] = past.at(-1) ?? [0, null];
    const before = past.at(-2)?.[1] ?? null;
    return {call, since, text, alpha, lost: since === call ? before : null};
  }

  function think(track, i) {                            // the same, in words
    const {call, since, text, lost} = look(track, i);
    if (text !== null && since === 0) return "given";
    const last = Math.min(call, track.top.length - 1);
    const words = (track.top[text === null ? last : since - 1]?.[i] ?? "").split(" ");
    const top = words.map((word, j) => j % 2 ? word + "%   " : word + " ").join("");
    if (lost === null) return top;
    const fate = text === null ? "taken back" : "replaced";
    return `${fate}, was ${shown(lost)}   ${top}`;
  }

  function paint(token, track, i, isChosen) {
    const {text, alpha, lost} = look(track, i);
    const strength = alpha[shade.selectedIndex];
    token.textContent = text ?? "░";
    token.style.background = text === null ? "#8886" : `rgba(60,130,240,${strength})`;
    token.style.color = text === null ? "#888" : "";
    token.style.boxShadow = lost === null ? "" : "inset 0 -3px #e80";
    token.style.outline = isChosen ? "2px solid #d33" : "";
  }

  function draw() {
    const [k, at] = chosen ?? [];
    says.textContent = data.labels[slider.value];
    data.tracks.forEach((track, n) => [...texts[n].children].forEach(
      (token, i) => paint(token, track, i, n === k && i === at)));
    inside.textContent = chosen ? `${data.tracks[k].name || "text"}, position ${at}: ` +
      think(data.tracks[k], at) : "";
  }

  function choose(k, i) {
    chosen = [k, Math.max(0, Math.min(texts[k].children.length - 1, i))];
    draw();
  }

  function halt() {
    clearInterval(timer);
    timer = 0;
    button.textContent = "▶ play";
  }

  function step() {
    slider.value = +slider.value + 1;
    draw();
    if (+slider.value >= +slider.max) halt();
  }

  function play() {
    if (+slider.value >= +slider.max) slider.value = 0;
    button.textContent = "❚❚ pause";
    draw();
    timer = setInterval(step, data.interval);
  }

  function playWhenSeen() {                             // once, from the first mask on
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    slider.value = 0;
    new IntersectionObserver((seen, observer) => {
      if (!seen.some(entry => entry.isIntersecting)) return;
      observer.disconnect();
      if (!timer && slider.value === "0") play();
    }, {threshold: 0.6}).observe(player);
  }

  button.onclick = () => timer ? halt() : play();
  slider.oninput = () => {
    halt();
    draw();
  };
  shade.onchange = draw;
  texts.forEach((text, k) => {
    text.onclick = event => {
      const i = [...text.children].indexOf(event.target);
      if (i >= 0) choose(k, i);
    };
    text.onkeydown = event => {
      const move = {ArrowRight: 1, ArrowLeft: -1}[event.key];
      if (!move) return;
      event.preventDefault();
      choose(k, chosen?.[0] === k ? chosen[1] + move : 0);
    };
    text.style.minHeight = text.offsetHeight + "px";     // what follows stays in place
  });
  player.querySelector(".bar").hidden = false;
  if (data.autoplay) playWhenSeen();
  draw();
}
