#!/bin/sh
# Take the pictures of the manual anew: bench/terminal/pictures.sh
set -e
here=$(dirname "$0")
images=$here/../../docs/images
export SHOT_HOME=/tmp/shop
mkdir -p "$SHOT_HOME"
shot() { python "$here/screenshot.py" "$@"; }
shot "$images/terminal-first.svg" --size 80x22 -- "nuncius" "wait:In [1]:" "def area(r):\rreturn 3.14159 * r ** 2\r\r" "wait:In [2]:" "[area(r) for r in range(4)]\r" "wait:In [3]:" "area('two')\r" "wait:In [4]:"
shot "$images/terminal-light.svg" --light --size 80x24 -- "nuncius --theme=light --no-banner" "wait:In [1]:" "import math\r" "wait:In [2]:" "def area(r):\r\"\"\"Of a circle.\"\"\"\rif r < 0:\rraise ValueError('negative')  # never\rreturn math.pi * r ** 2\r\r" "wait:In [3]:" "area('two')\r" "wait:In [4]:" "area(1.5); math.s\t" "wait:sqrt" "\t\t" "wait:hyperbolic sine"
shot "$images/terminal-signature.svg" --size 80x8 -- "nuncius --no-banner" "wait:In [1]:" "import os\r" "wait:In [2]:" "os.path.join(\x1b[Z" "wait:Join two"
shot "$images/terminal-completion.svg" --size 80x16 -- "nuncius --no-banner" "wait:In [1]:" "import math\r" "wait:In [2]:" "math.s\t" "wait:sqrt" "\t\t" "wait:hyperbolic sine"
cat > "$SHOT_HOME/orders.py" <<'P'
from nuncius.terminal import embed

def total(orders):
    prices = [price for _, price in orders]
    embed()
    return sum(prices)

print("total:", total([("tea", 3), ("bread", 4)]))
P
shot "$images/terminal-embed.svg" --size 80x14 -- "python orders.py" "wait:In [1]:" "prices, [p * 2 for p in prices]\r" "wait:In [2]:" "prices.append(35)\r" "wait:In [3]:" "\x04" "wait:total:"
shot "$images/terminal-rich.svg" --size 80x30 -- "nuncius --no-banner" "wait:In [1]:" "import pandas as pd\r" "wait:In [2]:" "pd.DataFrame({'city': ['Oslo', 'Accra'], 'people': [709037, 284124], 'note': ['north ' * 12, 'south']})\r" "wait:In [3]:" "from IPython.display import Latex, Markdown\r" "wait:In [4]:" "Latex(r'\\\\int_0^\\\\infty e^{-x^2} dx = \\\\frac{\\\\sqrt{\\\\pi}}{2}')\r" "wait:In [5]:" "Markdown('# Plan\\\\n- **measure** twice\\\\n- cut *once*')\r" "wait:In [6]:"
shot "$images/terminal-view.svg" --size 80x16 -- "nuncius --no-banner" "wait:In [1]:" "import pandas as pd\r" "wait:In [2]:" "table = pd.DataFrame({f'x{n}': range(n, n + 1_000_000) for n in range(20)})\r" "wait:In [3]:" "%view table\r" "wait:of 1,000,000" "G" "wait:-1,000,000 of"
rm -r "$SHOT_HOME"
