# usage: m.sh file.pdf res -> makes /tmp/checkpdf/m-*.png
rm -f /tmp/checkpdf/pg-*.png; pdftoppm -r ${2:-60} -png $1 /tmp/checkpdf/pg
ls /tmp/checkpdf/pg-*.png
