"""x."""
from derive.document.draft import Draft
from derive.document.material import Material
def write(draft: Draft, material: Material) -> None:
    pass
