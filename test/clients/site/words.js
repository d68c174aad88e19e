fetch("words.txt")
  .then((answer) => answer.text())
  .then((text) => {
    document.getElementById("words").textContent = text;
  });
