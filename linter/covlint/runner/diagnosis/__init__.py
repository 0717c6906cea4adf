"""From what was seen to the cause: symptoms, endings, and the rules that explain them."""
