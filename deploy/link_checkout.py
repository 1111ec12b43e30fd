"""Make the environment's Python import this checkout, and its bin/ hold the `tronco` command."""

import sys
import sysconfig
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]

Path(sysconfig.get_path("purelib"), "tronco-checkout.pth").write_text(f"{CHECKOUT}\n")
command = Path(sys.executable).with_name("tronco")
command.write_text(
    f"#!{sys.executable}\nimport sys\n\nfrom tronco.cli import main\n\nsys.exit(main())\n"
)
command.chmod(0o755)
