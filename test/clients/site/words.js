const answer = await fetch("words.txt");
document.getElementById("words").textContent = await answer.text();
